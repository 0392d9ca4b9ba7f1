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

async function unpackAll() {
  for (const table of [chip, chip.tiles])
    for (const [name, column] of Object.entries(table)) if (column.data) table[name] = await unpacked(column);
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

function showShade(key) {
  const shade = DATA.shades.find((each) => each.key === key);
  const source = model("pes");
  const values = Array.from(source.data[key]);
  const mapper = model("shade");
  mapper.high = Math.max(...values) || 1;
  source.data = { ...source.data, shown: values };
  element("shade-definition").textContent = shade.definition + ".";
}

function showPe(pe) {
  const size = chip.crossbarsPerCu * chip.cusPerPe;
  const pes = model("pes").data;
  if (!(pe >= 0 && pe < pes.pe.length)) return;
  const rows = { x: [], y: [], crossbar: [], busy: [], cells: [], tiles: [] };
  for (let index = 0; index < size; index++) {
    const crossbar = pe * size + index;
    rows.x.push(index % chip.crossbarsPerCu);
    rows.y.push(Math.floor(index / chip.crossbarsPerCu));
    rows.crossbar.push(crossbar);
    rows.busy.push(chip.busy[crossbar]);
    rows.cells.push(chip.cells[crossbar]);
    rows.tiles.push(firstTile(crossbar + 1) - firstTile(crossbar));
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

function showCrossbar(crossbar) {
  const tiles = chip.tiles;
  const rows = { left: [], right: [], top: [], bottom: [], x: [], y: [], tile: [], name: [], color: [], label: [] };
  const listed = [["layer", "tile", "wordline", "bitline", "size"]];
  for (let index = firstTile(crossbar); index < firstTile(crossbar + 1); index++) {
    const layer = chip.layers[tiles.layer[index]];
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
    rows.label.push(layer.name.slice(0, Math.max(3, width / 4)));
    listed.push([layer.name, tiles.tile[index], row, column, `${height}×${width}`]);
  }
  model("tiles").data = rows;
  model("crossbar").title.text = `tiles of crossbar ${crossbar}`;
  const busy = crossbar < chip.busy.length ? chip.busy[crossbar] : 0;
  const title = `Crossbar ${crossbar}: ${text(busy)} % busy, ${listed.length - 1} tiles`;
  element("crossbar-detail").replaceChildren(...pairs(title, listed.slice(0, 12)));
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
      if (has("outline_line_color")) found.setv({ border_fill_color: null, background_fill_color: null, outline_line_color: line });
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
  const chosen = (name, show) =>
    model(name).selected.properties.indices.change.connect(() => {
      const [index] = model(name).selected.indices;
      if (index !== undefined) show(index);
    });
  chosen("pes", showPe);
  chosen("crossbars", (index) => showCrossbar(model("crossbars").data.crossbar[index]));
  chosen("nodes", showNode);
  element("shade").addEventListener("change", (event) => showShade(event.target.value));
  element("pe-number").addEventListener("change", (event) => { model("pes").selected.indices = [Number(event.target.value)]; });
  element("crossbar-number").addEventListener("change", (event) => showCrossbar(Number(event.target.value)));
  element("theme").addEventListener("click", () =>
    setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", () => setTheme(dark.matches ? "dark" : "light"));
  setTheme(dark.matches ? "dark" : "light");
  showShade(DATA.shades[0].key);
  showPe(0);
  showNode(0);
  document.documentElement.dataset.ready = "yes";
}

function whenDrawn() {
  if (typeof Bokeh !== "undefined" && model("nodes")) begin();
  else requestAnimationFrame(whenDrawn);
}

unpackAll().then(whenDrawn);
