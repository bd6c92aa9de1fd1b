"use strict";
// Turns the leaves of long tables and opens a node's details. Everything that a reader must see is
// in the page without it. All text goes in as text, never as markup.
(async () => {
  const PAGE = 12, DETAIL_ROWS = 200;
  const packed = Uint8Array.from(atob(document.getElementById("data").textContent), c => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const data = await new Response(stream).json();

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  function cell(kind, value) {
    const td = element("td");
    if (kind === "outcome") {
      const sign = element("span", {"aria-hidden": "true"}, data.signs[value] || "");
      td.append(element("span", {class: "o " + value}, sign, " " + value));
    } else if (kind === "node" && value) {
      td.append(element("button", {type: "button", class: "node", "data-node": value}, value));
    } else td.textContent = value;
    return td;
  }

  const line = (kinds, row) => element("tr", {}, ...row.map((value, i) => cell(kinds[i], value)));

  function leaves(box) {
    const {kinds, rows} = data.tables[box.dataset.table];
    if (rows.length <= PAGE) return;
    const body = box.querySelector("tbody"), count = box.querySelector(".count");
    const name = box.querySelector(".wide").getAttribute("aria-label");
    const verdict = kinds.indexOf("outcome");
    const filter = element("input", {type: "search", placeholder: "Filter", "aria-label": "Filter: " + name});
    const only = element("select", {"aria-label": "Verdict: " + name}, element("option", {value: ""}, "every verdict"));
    if (verdict >= 0) for (const o of new Set(rows.map(row => row[verdict]))) only.append(element("option", {value: o}, o));
    const back = element("button", {type: "button"}, "Previous"), on = element("button", {type: "button"}, "Next");
    const status = element("span", {role: "status"});
    let start = 0, found = rows;

    function draw() {
      const shown = found.slice(start, start + PAGE);
      body.replaceChildren(...shown.map(row => line(kinds, row)));
      back.disabled = start === 0;
      on.disabled = start + PAGE >= found.length;
      status.textContent = found.length ? `${start + 1}–${start + shown.length} of ${found.length}` : "none";
      count.textContent = "";
    }
    function search() {
      const wanted = filter.value.toLowerCase();
      found = rows.filter(row => (!only.value || row[verdict] === only.value)
        && (!wanted || row.some(value => value.toLowerCase().includes(wanted))));
      start = 0;
      draw();
    }
    filter.addEventListener("input", search);
    only.addEventListener("change", search);
    back.addEventListener("click", () => { start = Math.max(0, start - PAGE); draw(); });
    on.addEventListener("click", () => { start += PAGE; draw(); });
    box.prepend(element("div", {class: "controls"}, filter, ...(verdict >= 0 ? [only] : []), back, on, status));
    draw();
  }

  function part(title, table, mine) {
    const {kinds, rows} = data.tables[table];
    const found = rows.filter(row => row.some((value, i) => kinds[i] === "node" && value === mine));
    if (!found.length) return [];
    const heads = [...document.querySelectorAll(`[data-table="${table}"] thead th`)].map(th => th.cloneNode(true));
    const told = found.length > DETAIL_ROWS ? `${title}: ${DETAIL_ROWS} of ${found.length}` : title;
    const made = element("table", {}, element("caption", {}, told), element("thead", {}, element("tr", {}, ...heads)),
      element("tbody", {}, ...found.slice(0, DETAIL_ROWS).map(row => line(kinds, row))));
    return [element("div", {class: "wide", tabindex: "0", role: "region", "aria-label": title + " of " + mine}, made)];
  }

  let opener = null;
  const details = document.getElementById("details");
  function close() {
    details.hidden = true;
    if (opener && opener.isConnected) opener.focus();
  }
  function open(node, from) {
    opener = from;
    const button = element("button", {type: "button"}, "Close");
    button.addEventListener("click", close);
    const facts = (data.facts[node] || []).map(([name, value]) =>
      element("div", {}, element("dt", {}, name), element("dd", {}, value)));
    details.replaceChildren(element("h3", {}, node, button), element("dl", {}, ...facts),
      ...part("Verdict", "nodes", node), ...part("Devices, memory and inventory", "devices", node),
      ...part("Links", "links", node));
    details.hidden = false;
    details.focus();
    details.scrollIntoView({block: "nearest"});
  }

  function cells(box) {
    const svg = box.querySelector("svg"), {columns, step, names} = data.cells[box.dataset.cells];
    const tip = element("p", {class: "tip soft"}, "Point at a cell for its node, click it for its details.");
    box.append(tip);
    const at = event => {
      const frame = svg.getBoundingClientRect(), scale = svg.viewBox.baseVal.width / frame.width;
      const x = Math.floor((event.clientX - frame.left) * scale / step), y = Math.floor((event.clientY - frame.top) * scale / step);
      return x >= 0 && x < columns ? names[y * columns + x] : undefined;
    };
    svg.addEventListener("mousemove", event => { const node = at(event); if (node) tip.textContent = node; });
    svg.addEventListener("click", event => { const node = at(event); if (node) open(node, null); });
  }

  document.querySelectorAll("[data-table]").forEach(leaves);
  document.querySelectorAll("[data-cells]").forEach(cells);
  document.addEventListener("click", event => {
    const button = event.target.closest("[data-node]");
    if (button) open(button.dataset.node, button);
  });
  document.addEventListener("keydown", event => { if (event.key === "Escape" && !details.hidden) close(); });
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach(each => { each.open = true; }));
  document.documentElement.dataset.ready = "yes";
})();
