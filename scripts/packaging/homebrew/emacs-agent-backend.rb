# Homebrew: `brew install --formula ./emacs-agent-backend.rb`. `npm run release` fills in version and hashes.
class EmacsAgentBackend < Formula
  desc "Agent engine for Emacs"
  homepage "https://github.com/emacs-agent/emacs-agent-backend"
  version "@VERSION@"
  license "MIT"

  on_macos do
    on_arm do
      url "@URL@/v@VERSION@/emacs-agent-backend-@VERSION@-darwin-arm64.tar.xz"
      sha256 "@SHA256:darwin-arm64@"
    end
    on_intel do
      url "@URL@/v@VERSION@/emacs-agent-backend-@VERSION@-darwin-x64.tar.xz"
      sha256 "@SHA256:darwin-x64@"
    end
  end

  on_linux do
    on_arm do
      url "@URL@/v@VERSION@/emacs-agent-backend-@VERSION@-linux-arm64.tar.xz"
      sha256 "@SHA256:linux-arm64@"
    end
    on_intel do
      url "@URL@/v@VERSION@/emacs-agent-backend-@VERSION@-linux-x64.tar.xz"
      sha256 "@SHA256:linux-x64@"
    end
  end

  def install
    bin.install "bin/emacs-agent-backend"
    man1.install "share/man/man1/emacs-agent-backend.1"
    doc.install Dir["share/doc/emacs-agent-backend/*"]
    bash_completion.install "share/bash-completion/completions/emacs-agent-backend"
    zsh_completion.install "share/zsh/site-functions/_emacs-agent-backend"
    fish_completion.install "share/fish/vendor_completions.d/emacs-agent-backend.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/emacs-agent-backend --version")
  end
end
