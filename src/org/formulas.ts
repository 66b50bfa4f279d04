/**
 * Formulas of TeX as Org has them. Previews and exports run TeX, which reads and writes files and can redefine everything, so
 * only what is known to be mathematics is a formula; everything else stays text.
 */

const words = (...lines: string[]): ReadonlySet<string> => new Set(lines.join(' ').split(' '))

/** Commands of LaTeX, amsmath and amssymb that set mathematics. None defines, reads, writes or sets a category. */
const COMMANDS = words(
  'alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa varkappa lambda mu nu xi omicron pi varpi',
  'rho varrho sigma varsigma tau upsilon phi varphi chi psi omega digamma Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi',
  'Psi Omega aleph beth gimel daleth hbar hslash imath jmath ell wp Re Im partial nabla infty emptyset varnothing complement',
  'forall exists nexists neg lnot top bot angle measuredangle sphericalangle triangle square blacksquare Box Diamond lozenge',
  'bigstar star dagger ddagger clubsuit diamondsuit heartsuit spadesuit flat natural sharp surd prime backprime eth mho',
  'pm mp times div cdot ast circ bullet oplus ominus otimes oslash odot cap cup uplus sqcap sqcup vee wedge lor land',
  'setminus smallsetminus wr amalg bigtriangleup bigtriangledown triangleleft triangleright barwedge veebar boxplus boxminus',
  'boxtimes boxdot ltimes rtimes leftthreetimes rightthreetimes curlywedge curlyvee intercal centerdot dotplus divideontimes',
  'sum prod coprod int iint iiint oint idotsint bigcap bigcup bigsqcup biguplus bigvee bigwedge bigodot bigotimes bigoplus',
  'leq le geq ge neq ne ll gg lll ggg equiv sim simeq approx approxeq cong propto asymp doteq models vdash dashv Vdash vDash',
  'perp mid nmid parallel nparallel prec succ preceq succeq subset supset subseteq supseteq subsetneq supsetneq nsubseteq',
  'nsupseteq sqsubset sqsupset sqsubseteq sqsupseteq in ni notin owns bowtie smile frown lesssim gtrsim leqslant geqslant',
  'lessgtr nless ngtr nleq ngeq lneq gneq nsim ncong triangleq circeq bumpeq eqcirc between pitchfork therefore because',
  'trianglelefteq trianglerighteq vartriangleleft vartriangleright not lt gt',
  'to gets mapsto longmapsto leftarrow rightarrow leftrightarrow Leftarrow Rightarrow Leftrightarrow longleftarrow',
  'longrightarrow longleftrightarrow Longleftarrow Longrightarrow Longleftrightarrow uparrow downarrow updownarrow Uparrow',
  'Downarrow Updownarrow hookleftarrow hookrightarrow leftharpoonup leftharpoondown rightharpoonup rightharpoondown',
  'rightleftharpoons leftrightharpoons nearrow searrow swarrow nwarrow rightsquigarrow leadsto twoheadrightarrow nrightarrow',
  'nleftarrow nRightarrow nLeftarrow implies impliedby iff xrightarrow xleftarrow rightrightarrows upharpoonright restriction',
  'frac dfrac tfrac cfrac binom dbinom tbinom sqrt overline underline overbrace underbrace overrightarrow overleftarrow',
  'overset underset stackrel substack sideset hat widehat tilde widetilde bar vec dot ddot dddot check breve acute grave',
  'mathring boxed phantom hphantom vphantom smash cancel tag notag nonumber limits nolimits displaystyle textstyle scriptstyle',
  'scriptscriptstyle left right middle big Big bigg Bigg bigl Bigl biggl Biggl bigr Bigr biggr Biggr bigm Bigm biggm Biggm',
  'langle rangle lceil rceil lfloor rfloor lbrace rbrace lbrack rbrack lvert rvert lVert rVert vert Vert ulcorner urcorner',
  'llcorner lrcorner lgroup rgroup lmoustache rmoustache backslash',
  'text textrm textbf textit textsf texttt textnormal mathrm mathbf mathit mathsf mathtt mathbb mathcal mathfrak mathscr',
  'mathnormal boldsymbol bm pmb operatorname operatornamewithlimits mathop mathbin mathrel mathord mathopen mathclose',
  'mathpunct mathinner arccos arcsin arctan arg cos cosh cot coth csc deg det dim exp gcd hom inf injlim ker lg lim liminf',
  'limsup ln log max min Pr projlim sec sin sinh sup tan tanh varlimsup varliminf mod bmod pmod pod',
  'dots cdots ldots vdots ddots dotsb dotsc dotsi dotsm dotso quad qquad enspace thinspace medspace thickspace negthinspace',
  'colon begin end hline hfill degree copyright pounds S P',
)

/** Environments that may stand in a formula. LaTeX takes those of `WITHIN` only outside of one: each is replaced by the other. */
const ENVIRONMENTS = words(
  'matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix smallmatrix cases array aligned alignedat gathered split subarray',
)
const WITHIN: Record<string, string> = { align: 'aligned', gather: 'gathered', equation: 'gathered' }

/** Backslash with a mark: spaces, rows, and characters that mean something without one. */
const MARKED = /\\(?:[,;:! >{}|&%#_\\]|[A-Za-z]+\*?)/g
/** What Org, Babel and Emacs find by a search of the text, whatever the syntax around it. */
const FOUND = /\{\{\{|@@|(?:src|call)_|-\*-|local variables:|(?:deadline|scheduled|closed|clock):/i

/**
 * Returns a formula and its marks as Org, in one line; undefined when it must stay text. A space, which TeX ignores, breaks what
 * Org or a browser would take for markup. `safely`: without `$`, because Org looks at the characters around it.
 */
export function orgFormula(formula: string, safely: boolean): string | undefined {
  const mark = /^(?:\$\$?|\\[([])/.exec(formula)![0]
  const inside = formula.slice(mark.length, -mark.length).replace(/\s*\n\s*/g, ' ')
  const rows = inside.replace(
    /\\(begin|end)\{(align|gather|equation)\*?\}/g,
    (_, edge, name) => `\\${edge}{${WITHIN[name]}}`,
  )
  if (FOUND.test(rows) || !isMathematics(rows)) return undefined
  const tex = rows
    .replace(/<(?=\S)/g, '< ')
    .replace(/\[(?=[[@]|\d{4}-|\d*%\]|\d*\/\d*\]|fn:|cite)/g, '[ ')
    .replace(/\](?=\])/g, '] ')
    .replace(/(?<=[\p{L}\p{N}+.-]{2}):(?=\S)/gu, ': ')
  if (!safely || !mark.startsWith('$')) return mark + tex + (CLOSING[mark] ?? mark)
  return mark === '$' ? `\\(${tex}\\)` : `\\[${tex}\\]`
}

const CLOSING: Record<string, string> = { '\\(': '\\)', '\\[': '\\]' }

/** Whether `tex` has only what is known, in pairs where it has to be. */
function isMathematics(tex: string): boolean {
  const rest = tex.replace(MARKED, '')
  if (/[\\$#%~@]|\^\^|[\p{C}\u200b\u2060]/u.test(rest) || /\\\\[)\]]/.test(tex)) return false
  const open: string[] = []
  let isTable = false
  for (const [, edge, environment, command, brace] of tex.matchAll(TOKENS)) {
    if (environment !== undefined) {
      isTable = true
      const name = environment.replace(/\*$/, '')
      if (!ENVIRONMENTS.has(name)) return false
      if (edge === 'begin') open.push(name)
      else if (open.pop() !== name) return false
    } else if (command !== undefined) {
      if (command === 'begin' || command === 'end' || !COMMANDS.has(command)) return false
      if (command === 'left') open.push(command)
      else if (command === 'right' && open.pop() !== 'left') return false
    } else if (brace === '{') open.push(brace)
    else if (brace === '}' && open.pop() !== '{') return false
  }
  return open.length === 0 && (isTable || !rest.includes('&'))
}

/** The name of an environment, a command, or a brace; a backslash with a mark is none of them. */
const TOKENS = /\\(begin|end)\{([A-Za-z]{1,20}\*?)\}|\\([A-Za-z]+)|\\[^A-Za-z]|([{}])/g
