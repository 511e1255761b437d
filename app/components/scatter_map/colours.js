// Every colour stands out from a white and from a dark ground (contrast 3 or more). None is the
// only sign of a group: the legend hides and shows each, and the pointer names what it is over.

const KINDS = [
  "#3189e2", "#c6711c", "#169c2c", "#e65360", "#a867e9", "#9c8516", "#159595", "#e442bc", "#609515", "#7a7aec",
  "#2b6bab", "#935c25", "#1e782d", "#c2313d", "#8a43d0", "#77681e", "#1d7474", "#b62e94", "#4f731d", "#5959d5",
];
const SCALE = [
  "#e2725c", "#c68123", "#93911a", "#67981b", "#359b1b", "#1b9834", "#1a9263", "#198b8d", "#227fc3", "#556ce1",
];
const OTHER = "#808080";

// A class has the same colour in every colouring, so that two can be compared.
function colourOf({ hue }, ordered) {
  if (hue === null) return OTHER;
  return ordered ? SCALE[hue] : KINDS[hue % KINDS.length];
}

// As four bytes of a pixel, in this machine's order.
function pixelOf(colour) {
  const bytes = new Uint8Array(4);
  for (const place of [0, 1, 2]) bytes[place] = parseInt(colour.slice(1 + 2 * place, 3 + 2 * place), 16);
  bytes[3] = 255;
  return new Uint32Array(bytes.buffer)[0];
}
