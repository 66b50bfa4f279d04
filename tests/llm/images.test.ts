import { describe, expect, test } from 'bun:test'
import { saysBlind } from '../../src/llm/images.ts'

const BLIND = [
  'No endpoints found that support image input',
  'some-model is not a multimodal model',
  'this model is missing data required for image input',
  'Model does not support vision inputs',
  'Failed to deserialize the JSON body into the target type: messages[1]: unknown variant `image_url`, expected `text` at line 1 column 1204',
  'This model does not support image input.',
  'Invalid content type. image_url is only supported by certain models.',
  'image input is not supported - hint: if this is unexpected, you may need to provide the mmproj',
  'At most 0 image(s) may be provided in one request.',
  "The model `gpt-x` doesn't support images",
  "This model doesn't accept image content",
  'Images are not supported by this model',
  'vision is not supported',
  "'image_url' content is not allowed for model foo",
  'The deployment is text-only and cannot process images',
  'Multimodal data provided, but model does not support multimodal requests.',
  'The model llama3 does not have vision capabilities',
  'Image content blocks are unsupported for this model',
  'gemma-3-1b is not capable of image input',
]

const ONE_IMAGE = [
  'You uploaded an unsupported image. Please make sure your image is valid.',
  'messages.2.content.0.image.source.base64.data: Could not process image',
  'Failed to load image or audio file',
  'image exceeds 5 MB maximum: 6291456 bytes > 5242880 bytes',
  'Image format image/png not supported',
  'The model does not support this image format',
  'At least one of the image dimensions exceed max allowed size: 8000 pixels',
  'Unsupported image type',
  'The image data you provided does not represent a valid image',
  'Invalid image',
  'failed to decode image',
  'validating vision content in responses input: image media type not supported',
  'too many images: this model takes at most 5 images',
  'Provided image is not valid.',
  'tools are not supported by this model',
  "Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'",
  'Unable to process input image. Please retry or report',
  'The image could not be read by the model server',
  'Model refused the picture',
  'messages.2.content: Input should be a valid string',
]

describe('words about images', () => {
  test.each(BLIND)('say that the model takes none: %s', words => expect(saysBlind(words)).toBe(true))
  test.each(ONE_IMAGE)('say nothing of the model: %s', words => expect(saysBlind(words)).toBe(false))
})
