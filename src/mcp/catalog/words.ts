/** Words as a search compares them: `listPullRequests`, `list_pull_requests` and "listing the pull request" share theirs. */
export function wordsOf(text: string): string[] {
  return text
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .replace(/\b(?:pr|mr)(?=s?\b)/g, short => SHORT[short]!)
    .split(/[^\p{L}\p{N}]+/u)
    .filter(word => word.length > 1 && !STOP.has(word))
    .map(stem)
}

/** What developers write short. */
const SHORT: Record<string, string> = { pr: 'pull request', mr: 'merge request' }

const STOP = new Set(
  'an the of to in on for and or is are be it its this that with from by as at into my me we our you your can want need please how do does what which who whom use using tool tools mcp server all any some given if then not no so up out will would should when where has have was were there their them they he she'.split(
    ' ',
  ),
)

/** Cuts the endings that English verbs and plurals take; crude, but the same on both sides. */
function stem(word: string): string {
  const cut = word
    .replace(/ies$/, 'y')
    .replace(/(?:sses|shes|ches|xes)$/, end => end.slice(0, -2))
    .replace(/([^su])s$/, '$1')
    .replace(/(?<=[a-z]{3})(?:ing|ed)$/, '')
    .replace(/(?<=[a-z]{3})(?:ation|ition)$/, 'at')
    .replace(/(?<=[a-z]{4})(?:ment|ness|er|or)$/, '')
  const single = cut.replace(/([b-df-hj-np-rt-v-z])\1$/, '$1')
  return single.length > 3 ? single.replace(/e$/, '') : single
}

/**
 * What people call things that tools call otherwise, in stems; each group is one meaning. They only help where the words
 * themselves do not decide.
 */
const GROUPS = [
  'delet remov eras destroy drop trash discard',
  'creat add new mak insert generat',
  'updat chang modify edit patch alt set revis',
  'get retriev read fetch show view open look obtain display see',
  'list enumerat browse',
  'search find look query locat grep',
  'file document',
  'directory folder dir',
  'mov renam relocat',
  'writ sav stor put',
  'post send publish say tell writ messag',
  'click press tap hit push',
  'typ ent fill input writ',
  'screenshot captur pictur snapshot photo imag',
  'issu ticket bug',
  'repository repo project',
  'pag tab sit website url link web',
  'navigat go visit open brows',
  'user person memb people account',
  'comment reply respond answ discus remark',
  'run execut evaluat start launch invok perform',
  'stop end halt terminat quit kill clos',
  'script javascript js cod program',
  'dialog alert popup confirm prompt',
  'network request traffic http xhr',
  'consol log messag error warn',
  'performanc speed trac profil slow fast',
  'memory heap leak knowledg graph',
  'entity nod object',
  'relat connect link edg',
  'observat fact not',
  'channel room',
  'emoji react',
  'databas tabl data',
  'block paragraph content',
  'docs document librar packag',
  'lint check eslint quality problem analyz analys audit',
  'upload attach',
  'size resiz dimens',
  'think reason sequent step solv',
  'environ env variabl',
  'sum total plus addit',
  'compres zip gzip',
  'hov mous cursor point',
  'wait paus until delay',
  'history past earli previous recent last latest',
  'copy duplicat fork clon',
  'echo repeat again',
  'know rememb recall memory',
  'info metadat detail stat property attribut',
  'tree hierarchy structur nest recursiv',
  'thread conversat',
  'select choos pick option',
  'key keyboard shortcut',
  'back backward return previous',
  'emulat simulat pretend fak',
  'histor commit revis log',
  'branch ref',
  'review approv feedback',
  'styl css',
  'form field',
  'video record screencast',
]
const SYNONYMS = new Map<string, Set<string>>()
for (const group of GROUPS) {
  const members = group.split(' ').map(stem)
  for (const word of members) SYNONYMS.set(word, new Set([...(SYNONYMS.get(word) ?? []), ...members]))
}

/** The other words for a stem. */
export const synonymsOf = (word: string): string[] => [...(SYNONYMS.get(word) ?? [])].filter(other => other !== word)
