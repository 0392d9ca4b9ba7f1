// What a page does when somebody chooses something: PEs, crossbars, nodes, shades, the theme.
"use strict";

const model = (name) => Bokeh.documents.map((each) => each.get_model_by_name(name)).find((found) => found);
const element = (id) => document.getElementById(id);
const text = (value) => Number(value).toLocaleString("en", { maximumFractionDigits: 2 });

// Numbers, from their bytes

async function unpacked({ type, data }) {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new { Float32Array, Int32Array, Int16Array }[type](await new Response(stream).arrayBuffer());
}

const chip = DATA.chip;
const chosen = { stretch: 0, shade: DATA.shades[0].key, pe: 0, crossbar: 0 };
const stretch = () => chip.stretches[chosen.stretch];

async function unpackAll() {
  for (const table of [chip.tiles, ...chip.stretches.flatMap(({ pes, links, crossbars }) => [pes, links, crossbars])])
    for (const [name, column] of Object.entries(table)) table[name] = await unpacked(column);
}

// The first tile of a crossbar, or of a later one: tiles are in ascending order of their crossbars
function firstTile(crossbar) {
  let [low, high] = [0, chip.tiles.crossbar.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (chip.tiles.crossbar[middle] < crossbar) low = middle + 1;
    else high = middle;
  }
  return low;
}

// The tiles of a crossbar: of the stage that is chosen, or of the first one that has any
function tilesOf(crossbar) {
  const found = [];
  for (let index = firstTile(crossbar); index < firstTile(crossbar + 1); index++) found.push(index);
  const stageOf = (index) => chip.layers[chip.tiles.layer[index]].stage;
  const stage = chosen.stretch ? chosen.stretch - 1 : found.length ? stageOf(found[0]) : 0;
  return found.filter((index) => stageOf(index) === stage);
}

// A table of pairs

function pairs(title, rows) {
  const table = document.createElement("table");
  for (const row of rows) {
    const line = table.insertRow();
    for (const cell of row) line.insertCell().textContent = cell;
  }
  const head = document.createElement("h3");
  head.textContent = title;
  return [head, table];
}

// Chip, PE, crossbar

function showShade() {
  const shade = DATA.shades.find((each) => each.key === chosen.shade);
  const values = Array.from(stretch().pes[chosen.shade]);
  model("shade").high = Math.max(...values) || 1;
  const figures = Object.entries(stretch().pes).map(([key, column]) => [key, Array.from(column)]);
  const sources = [model("pes"), model("links")];
  sources[0].data = { ...sources[0].data, ...Object.fromEntries(figures), shown: values };
  const { load, width } = stretch().links;
  sources[1].data = { ...sources[1].data, load: Array.from(load), width: Array.from(width) };
  element("shade-definition").textContent = shade.definition + ".";
}

function showStretch(number) {
  chosen.stretch = number;
  const { pe, crossbar } = chosen;
  showShade();
  showPe(pe);
  showCrossbar(crossbar);
}

function showPe(pe) {
  const size = chip.crossbarsPerCu * chip.cusPerPe;
  const { pes, crossbars } = stretch();
  if (!(pe >= 0 && pe < pes.busy.length)) return;
  chosen.pe = pe;
  const rows = { x: [], y: [], crossbar: [], busy: [], cells: [], tiles: [] };
  for (let index = 0; index < size; index++) {
    const crossbar = pe * size + index;
    rows.x.push(index % chip.crossbarsPerCu);
    rows.y.push(Math.floor(index / chip.crossbarsPerCu));
    rows.crossbar.push(crossbar);
    rows.busy.push(crossbars.busy[crossbar]);
    rows.cells.push(crossbars.cells[crossbar]);
    rows.tiles.push(chosen.stretch ? tilesOf(crossbar).length : firstTile(crossbar + 1) - firstTile(crossbar));
  }
  const source = model("crossbars");
  source.selected.indices = [];
  source.data = rows;
  model("pe").title.text = `crossbars of PE ${pe}, busy share in %`;
  const figures = DATA.shades.map((shade) => [shade.label, `${text(pes[shade.key][pe])} ${shade.unit}`]);
  element("pe-detail").replaceChildren(...pairs(`PE ${pe}`, figures));
  element("pe-number").value = pe;
  const used = rows.crossbar.find((_, index) => rows.tiles[index] > 0);
  showCrossbar(used === undefined ? pe * size : used);
}

// Pixels of a bitline and of a wordline in the drawing of a crossbar
function pixelsOfCell({ inner_width, inner_height, x_range, y_range }) {
  return [inner_width / Math.abs(x_range.end - x_range.start), inner_height / Math.abs(y_range.end - y_range.start)];
}

// The name of a tile's layer as it fits into the rectangle, and its angle; nothing if it does not
function labelOf(name, width, height) {
  const [long, high] = [7 * name.length, 14];
  if (long <= width && high <= height) return [name, 0];
  return long <= height && high <= width ? [name, Math.PI / 2] : ["", 0];
}

function showCrossbar(crossbar) {
  const { tiles, layers } = chip;
  const { busy } = stretch().crossbars;
  if (!(crossbar >= 0 && crossbar < busy.length)) return;
  chosen.crossbar = crossbar;
  const rows = { left: [], right: [], top: [], bottom: [], x: [], y: [], tile: [], name: [], color: [], label: [], angle: [] };
  const [across, down] = pixelsOfCell(model("crossbar"));
  const listed = [["layer", "tile", "wordline", "bitline", "size"]];
  for (const index of tilesOf(crossbar)) {
    const layer = layers[tiles.layer[index]];
    const [row, column, height, width] = [tiles.row[index], tiles.column[index], tiles.height[index], tiles.width[index]];
    rows.left.push(column);
    rows.right.push(column + width);
    rows.top.push(row);
    rows.bottom.push(row + height);
    rows.x.push(column + width / 2);
    rows.y.push(row + height / 2);
    rows.tile.push(tiles.tile[index]);
    rows.name.push(layer.name);
    rows.color.push(layer.color);
    const [label, angle] = labelOf(layer.name, width * across, height * down);
    rows.label.push(label);
    rows.angle.push(angle);
    listed.push([layer.name, tiles.tile[index], row, column, `${height}×${width}`]);
  }
  model("tiles").data = rows;
  const [first] = tilesOf(crossbar);
  const during = chip.stretches.length > 1 && first !== undefined ? ` in stage ${layers[tiles.layer[first]].stage}` : "";
  model("crossbar").title.text = `tiles of crossbar ${crossbar}${during}`;
  const title = `Crossbar ${crossbar}: ${text(busy[crossbar])} % busy, ${listed.length - 1} tile${listed.length === 2 ? "" : "s"}${during}`;
  element("crossbar-detail").replaceChildren(...pairs(title, listed));
  element("crossbar-number").value = crossbar;
}

function showNode(number) {
  const node = DATA.nodes[number];
  element("node-detail").replaceChildren(...pairs(node.name, node.rows));
}

// Light and dark

const INK = ["axis_label_text_color", "major_label_text_color", "axis_line_color", "major_tick_line_color",
  "minor_tick_line_color", "title_text_color", "label_text_color"];

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  const style = getComputedStyle(document.documentElement);
  const [paper, ink, line] = ["--paper", "--ink", "--line"].map((name) => style.getPropertyValue(name).trim());
  for (const each of Bokeh.documents) {
    for (const found of each._all_models.values()) {
      const has = (name) => name in found.properties;
      if (has("outline_line_color")) found.setv({ outline_line_color: line });
      else if (["Legend", "ColorBar"].includes(found.type)) found.setv({ background_fill_color: paper });
      if (has("grid_line_color") && found.grid_line_color !== null) found.setv({ grid_line_color: line });
      for (const name of INK) if (has(name)) found.setv({ [name]: ink });
      if (found.type === "Title") found.setv({ text_color: ink });
      if (found.tags.includes("ink")) found.setv({ line_color: ink });
    }
  }
}

// What is chosen

function begin() {
  const onChoice = (name, show) =>
    model(name).selected.properties.indices.change.connect(() => {
      const [index] = model(name).selected.indices;
      if (index !== undefined) show(index);
    });
  onChoice("pes", showPe);
  onChoice("crossbars", (index) => showCrossbar(model("crossbars").data.crossbar[index]));
  onChoice("nodes", showNode);
  element("stretch").addEventListener("change", (event) => showStretch(Number(event.target.value)));
  element("shade").addEventListener("change", (event) => { chosen.shade = event.target.value; showShade(); });
  element("pe-number").addEventListener("change", (event) => { model("pes").selected.indices = [Number(event.target.value)]; });
  element("crossbar-number").addEventListener("change", (event) => showCrossbar(Number(event.target.value)));
  element("theme").addEventListener("click", () =>
    setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", () => setTheme(dark.matches ? "dark" : "light"));
  setTheme(dark.matches ? "dark" : "light");
  showShade();
  const { busy } = stretch().pes;
  showPe(busy.indexOf(Math.max(...busy)));
  showNode(0);
  document.documentElement.dataset.ready = "yes";
}

function whenDrawn() {
  if (typeof Bokeh !== "undefined" && model("nodes")) begin();
  else requestAnimationFrame(whenDrawn);
}

unpackAll().then(whenDrawn);
