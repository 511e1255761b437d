// Which classes the number keys stand for, and which classes a typed text may mean.

const MAX_NUMBERED = 9;

// Few classes keep their numbers for good, so that fingers learn them. With many, the first numbers
// are the model's best guesses and the rest the classes used last.
function numberedClasses(classes, card, recent) {
  if (classes.length <= MAX_NUMBERED) return classes;
  const byNo = new Map(classes.map((spec) => [spec.no, spec]));
  const guessed = card.guesses.map((guess) => guess.class_no);
  // Without a guess, as where an item is asked blind, the first classes are better than none.
  const others = guessed.length === 0 ? classes.map((spec) => spec.no) : [];
  const wanted = [...guessed, ...recent, ...others];
  return [...new Set(wanted)].filter((no) => byNo.has(no)).slice(0, MAX_NUMBERED)
    .map((no) => byNo.get(no));
}

// Each typed word must occur, in any order: as it stands, else at least its letters in order.
function searchClasses(classes, typed, limit) {
  const words = typed.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const scored = [];
  for (const spec of classes) {
    const name = spec.name.toLowerCase();
    const scores = words.map((word) => matchScore(name, word));
    if (!scores.includes(null)) scored.push([scores.reduce((a, b) => a + b, 0), spec]);
  }
  scored.sort((a, b) => b[0] - a[0] || a[1].no - b[1].no);
  return scored.slice(0, limit).map((pair) => pair[1]);
}

// Higher is better, null is no match: a whole word counts more the earlier it stands, spread
// letters less the wider they are apart.
function matchScore(name, word) {
  const at = name.indexOf(word);
  if (at >= 0) return 1000 - at - name.length / 1000;
  let score = 0;
  let place = -1;
  for (const letter of word) {
    const next = name.indexOf(letter, place + 1);
    if (next < 0) return null;
    score -= next - place - 1;
    place = next;
  }
  return score;
}
