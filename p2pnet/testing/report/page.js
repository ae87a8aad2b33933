"use strict";
/* Moves what is drawn to where it belongs when somebody zooms, and draws the arrows.
   Every element says when it is: data-a, and data-b where it lasts. Times are microseconds. */
(() => {
  const CHAR = 6.1, GUTTER = 132, STUMP_US = 20000, NEAR_PX = 6, DENSE = 1000;
  const FRONT = new Set(["succession", "seats", "noise"]);
  const AXIS = 24, REIGN_ROW = 26, GAP_ROW = 16, MIGRATION_ROW = 36, FOR_ALL_ROW = 18;
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (query, root = document) => root.querySelector(query);
  const $$ = (query, root = document) => [...root.querySelectorAll(query)];
  const number = (element, name) => Number(element.dataset[name]);
  const ms = us => us >= 1e7 ? (us / 1e6).toFixed(1) + " s"
    : us >= 1e5 ? Math.round(us / 1000) + " ms" : (us / 1000).toFixed(1).replace(/\.0$/, "") + " ms";

  const whole = { from: data.from, to: data.to };
  const hiddenKinds = new Set(data.kinds.map((_, i) => i).filter(i => data.kinds[i][1] === "heartbeats"));
  const hiddenLanes = new Set();
  let view = { from: data.view[0], to: data.view[1] };

  /* --- one strip: an svg that was drawn for another view, and is moved to this one --- */
  class Strip {
    constructor(svg, withArrows) {
      this.svg = svg;
      this.area = $("svg.area", svg);
      this.withArrows = withArrows;
      this.pitch = number(svg, "pitch");
      this.rows = number(svg, "rows");
      const all = query => $$(query, this.area).map(element => ({
        element, a: number(element, "a"), b: Number(element.dataset.b ?? element.dataset.a),
      }));
      this.spans = all("rect.span");
      this.uprights = all("line.upright");
      this.insides = all("text.inside");
      this.middles = all("text.middle");
      this.sentences = all("text.sentence");
      this.reigns = all("g.reign-row");
      this.migrations = all("g.migration-row");
      this.captions = $$("text.above", svg);
      this.forAll = $(".of-all", this.area);
      this.lanes = $$("[data-lane]", svg);
      this.marks = $$(".lane-marks", this.area).map(group => $$("g.mark", group).reverse()
        .map(element => ({ element, a: number(element, "a"), up: number(element, "up"),
          word: $(".word", element) })));
      this.minor = $(".arrows.minor", this.area);
      this.arrows = $(".arrows:not(.minor)", this.area);
      this.axis = $(".axis", this.area);
      this.drawn = [];
    }

    x(us) { return (us - this.from) / (this.to - this.from) * this.width; }
    shows(a, b) { return a <= this.to && b >= this.from; }

    show(from, to, width) {
      Object.assign(this, { from, to, width: Math.max(width - GUTTER, 200) });
      this.svg.setAttribute("width", GUTTER + this.width);
      this.area.setAttribute("width", this.width);
      this.placeRows();
      this.placeLanes();
      this.placeAxis();
      this.placeSpans();
      this.placeLabels();
      this.placeMarks();
      if (this.withArrows) this.placeArrows();
    }

    /* Only what can be seen takes up rows. Returns how many. */
    inRows(groups, top, height) {
      const ends = [];
      for (const { element, a, b } of [...groups].sort((one, other) => one.a - other.a)) {
        const seen = this.shows(a, b);
        element.classList.toggle("off", !seen);
        if (!seen) continue;
        let row = ends.findIndex(end => end <= a);
        if (row < 0) row = ends.length;
        ends[row] = b;
        element.setAttribute("transform", `translate(0 ${top + height * row})`);
      }
      return ends.length;
    }

    placeRows() {
      let y = AXIS + 2;
      y += REIGN_ROW * Math.max(this.inRows(this.reigns, y, REIGN_ROW), 1);
      for (const { element } of this.middles) element.setAttribute("y", y + 6);
      y += GAP_ROW - 2;
      if (this.captions[0]) this.captions[0].setAttribute("y", y + 13);
      y += MIGRATION_ROW * this.inRows(this.migrations, y, MIGRATION_ROW);
      if (this.captions[0]) this.captions[0].classList.toggle("off", this.migrations.every(
        ({ element }) => element.classList.contains("off")));
      if (this.forAll) {
        y += FOR_ALL_ROW;
        this.forAll.setAttribute("transform", `translate(0 ${y - 9})`);
      }
      this.top = y;
    }

    placeLanes() {
      let next = 0;
      this.y = data.lanes.map((_, i) => hiddenLanes.has(i) ? null : this.top + this.pitch * (next++ + 0.62));
      for (const group of this.lanes) {
        const y = this.y[group.dataset.lane];
        group.classList.toggle("off", y === null);
        if (y !== null) group.setAttribute("transform", `translate(0 ${y})`);
      }
      this.height = this.top + this.pitch * next + 8;
      this.svg.setAttribute("height", this.height);
      this.area.setAttribute("height", this.height);
    }

    placeAxis() {
      const least = (this.to - this.from) * 90 / this.width;
      let step = 1;
      for (let power = 1; step < least; power *= 10) {
        step = [1, 2, 5, 10].map(base => base * power).find(each => each >= least) ?? step;
      }
      let text = "";
      for (let at = Math.ceil(this.from / step) * step; at <= this.to; at += step) {
        const x = this.x(at).toFixed(1);
        const label = step >= 1e6 ? `${at / 1e6} s` : `${(at / 1000).toFixed(step >= 1000 ? 0 : step >= 100 ? 1 : 3)} ms`;
        text += `<line class="tick" x1="${x}" x2="${x}" y1="18" y2="${this.height}"/>` +
          `<text class="tick-label" x="${Number(x) + 3}" y="13">${label}</text>`;
      }
      this.axis.innerHTML = text;
    }

    placeSpans() {
      for (const { element, a, b } of this.spans) {
        const seen = this.shows(a, b);
        element.classList.toggle("off", !seen);
        if (!seen) continue;
        const left = Math.max(this.x(a), -20), right = Math.min(this.x(b), this.width + 20);
        element.setAttribute("x", left);
        element.setAttribute("width", Math.max(right - left, 1));
      }
      for (const { element, a } of this.uprights) {
        const seen = this.shows(a, a);
        element.classList.toggle("off", !seen);
        if (!seen) continue;
        element.setAttribute("x1", this.x(a));
        element.setAttribute("x2", this.x(a));
        element.setAttribute("y2", this.height);
      }
    }

    placeLabels() {
      for (const { element, a, b } of this.insides) {
        const left = Math.max(this.x(a), 0), room = Math.min(this.x(b), this.width) - left - 8;
        const label = [element.dataset.long, element.dataset.short]
          .find(each => each && each.length * CHAR <= room);
        element.classList.toggle("hidden", label === undefined);
        if (label === undefined) continue;
        element.textContent = label;
        element.setAttribute("x", left + 4);
      }
      const taken = new Map();
      const fits = (row, from, to) => {
        const spans = taken.get(row) ?? taken.set(row, []).get(row);
        if (spans.some(([a, b]) => from < b && to > a)) return false;
        spans.push([from, to]);
        return true;
      };
      for (const { element, a, b } of this.middles) {
        const x = this.x((Math.max(a, this.from) + Math.min(b, this.to)) / 2);
        const half = element.textContent.length * CHAR / 2 + 6;
        const seen = this.shows(a, b) && fits("middle", x - half, x + half);
        element.classList.toggle("hidden", !seen);
        element.setAttribute("x", x);
      }
      for (const { element, a, b } of this.sentences) {
        const width = element.textContent.length * CHAR;
        const x = Math.max(Math.min(Math.max(this.x(a), 0), this.width - width), 0);
        const row = element.parentElement.getAttribute("transform");
        const seen = this.shows(a, b) && fits(row, x, x + width + 8);
        element.classList.toggle("hidden", !seen);
        element.setAttribute("x", x);
      }
    }

    /* The marks of a lane come in the order of what matters most. */
    placeMarks() {
      for (const marks of this.marks) {
        const taken = Array.from({ length: this.rows }, () => []);
        for (const { element, a, up, word } of marks) {
          const seen = this.shows(a, a);
          element.classList.toggle("off", !seen);
          if (!seen) continue;
          const x = this.x(a);
          element.setAttribute("transform", `translate(${x} 0)`);
          if (!word) continue;
          const width = word.textContent.length * CHAR + 17;
          const left = x + width - 7 > this.width; // it would be cut off on the right
          const from = left ? x - width + 7 : x - 7, to = from + width;
          const row = taken.findIndex(spans => spans.every(([left, right]) => to <= left || from >= right));
          word.classList.toggle("hidden", row < 0);
          if (row < 0) continue;
          taken[row].push([from, to]);
          word.setAttribute("y", up + 4 - 12 * row);
          word.setAttribute("x", left ? -8 : 8);
          word.setAttribute("text-anchor", left ? "end" : "start");
        }
      }
    }

    placeArrows() {
      this.drawn = [];
      let front = "", behind = "", count = 0;
      data.arrows.forEach(([source, target, kind, sent, taken], index) => {
        const y1 = this.y[source], far = this.y[target];
        if (y1 === null || far === null || hiddenKinds.has(kind)) return;
        const end = taken ?? sent + STUMP_US;
        if (!this.shows(sent, end)) return;
        const x1 = this.x(sent), x2 = this.x(end);
        const y2 = taken === null ? y1 + (far - y1) * 0.55 : far;
        const family = data.kinds[kind][1];
        const head = taken === null ? "lost" : family;
        const line = `<line class="arrow f-${family}${taken === null ? " lost" : ""}" data-i="${index}" ` +
          `x1="${x1.toFixed(1)}" y1="${y1}" x2="${x2.toFixed(1)}" y2="${y2}" marker-end="url(#head-${head})"/>`;
        if (FRONT.has(family)) front += line; else { behind += line; count++; }
        this.drawn.push([index, x1, y1, x2, y2]);
      });
      this.arrows.innerHTML = front;
      this.minor.innerHTML = behind;
      this.minor.classList.toggle("dense", count > DENSE);
    }

    arrowNear(x, y) {
      let best = null, least = NEAR_PX;
      for (const [index, x1, y1, x2, y2] of this.drawn) {
        const dx = x2 - x1, dy = y2 - y1;
        const along = Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy || 1)));
        const away = Math.hypot(x - x1 - along * dx, y - y1 - along * dy);
        if (away < least) [best, least] = [index, away];
      }
      return best;
    }
  }

  const mainBox = $("#main"), wholeBox = $("#whole");
  const main = new Strip($("svg.strip", mainBox), true);
  const overview = new Strip($("svg.strip", wholeBox), false);
  const brush = overview.area.appendChild(
    document.createElementNS("http://www.w3.org/2000/svg", "rect"));
  brush.id = "brush";

  /* --- the view --- */
  const inputs = { from: $("#from"), to: $("#to") };
  let waiting = false;
  function draw() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; drawNow(); });
  }
  function drawNow() {
    const width = mainBox.clientWidth;
    main.show(view.from, view.to, width);
    overview.show(whole.from, whole.to, width);
    brush.setAttribute("x", overview.x(view.from));
    brush.setAttribute("width", Math.max(overview.x(view.to) - overview.x(view.from), 3));
    brush.setAttribute("height", overview.height);
    for (const name of ["from", "to"]) {
      if (document.activeElement !== inputs[name]) inputs[name].value = (view[name] / 1000).toFixed(1);
    }
    $("#stretch").textContent = ms(view.to - view.from);
    $("#drawn").textContent = main.drawn.length;
    for (const card of $$(".card")) {
      const on = number(card, "from") === view.from && number(card, "to") === view.to;
      card.setAttribute("aria-pressed", on);
    }
  }
  function look(from, to) {
    const span = Math.min(Math.max(to - from, 200), whole.to - whole.from);
    from = Math.min(Math.max(from, whole.from), whole.to - span);
    view = { from, to: from + span };
    draw();
  }
  function zoom(factor, at = (view.from + view.to) / 2) {
    look(at - (at - view.from) * factor, at + (view.to - at) * factor);
  }
  const pan = part => look(view.from + (view.to - view.from) * part, view.to + (view.to - view.from) * part);
  const cards = $$(".card");
  function step(by) {
    if (!cards.length) return;
    const now = cards.findIndex(card => card.getAttribute("aria-pressed") === "true");
    cards[(now < 0 && by < 0 ? 0 : now + by + cards.length) % cards.length].click();
  }

  for (const card of cards) {
    card.addEventListener("click", () => {
      view = { from: number(card, "from"), to: number(card, "to") };
      draw();
    });
  }
  $("#all").addEventListener("click", () => look(whole.from, whole.to));
  $("#in").addEventListener("click", () => zoom(0.5));
  $("#out").addEventListener("click", () => zoom(2));
  for (const name of ["from", "to"]) {
    inputs[name].addEventListener("change", () => {
      const from = Number(inputs.from.value) * 1000, to = Number(inputs.to.value) * 1000;
      if (to > from) look(from, to);
    });
  }
  mainBox.addEventListener("wheel", event => {
    event.preventDefault();
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      pan((event.deltaX || event.deltaY) / main.width);
    } else {
      const x = event.clientX - mainBox.getBoundingClientRect().left - GUTTER;
      zoom(Math.exp(event.deltaY * 0.0016), view.from + x / main.width * (view.to - view.from));
    }
  }, { passive: false });
  mainBox.addEventListener("keydown", event => {
    const keys = {
      ArrowLeft: () => pan(-0.2), ArrowRight: () => pan(0.2), "+": () => zoom(0.6), "-": () => zoom(1.6),
      "0": () => look(whole.from, whole.to), n: () => step(1), p: () => step(-1),
    };
    if (keys[event.key]) { keys[event.key](); event.preventDefault(); }
  });
  mainBox.addEventListener("dblclick", event => {
    const x = event.clientX - mainBox.getBoundingClientRect().left - GUTTER;
    zoom(0.4, view.from + x / main.width * (view.to - view.from));
  });

  /* Dragging moves the view, and on the overview it chooses a stretch. */
  function drag(box, begin) {
    box.addEventListener("pointerdown", event => {
      if (event.button) return;
      const move = begin(event);
      box.setPointerCapture(event.pointerId);
      box.classList.add("moving");
      const end = () => {
        box.classList.remove("moving");
        box.removeEventListener("pointermove", move);
      };
      box.addEventListener("pointermove", move);
      box.addEventListener("pointerup", end, { once: true });
      box.addEventListener("pointercancel", end, { once: true });
    });
  }
  drag(mainBox, event => {
    const start = event.clientX, { from, to } = view;
    return moved => {
      const by = (start - moved.clientX) / main.width * (to - from);
      look(from + by, to + by);
    };
  });
  const wholeAt = event => whole.from + Math.min(Math.max(
    (event.clientX - wholeBox.getBoundingClientRect().left - GUTTER) / overview.width, 0), 1) *
    (whole.to - whole.from);
  drag(wholeBox, event => {
    const start = wholeAt(event), half = (view.to - view.from) / 2;
    look(start - half, start + half);
    return moved => {
      const at = wholeAt(moved);
      if (Math.abs(overview.x(at) - overview.x(start)) > 4) look(Math.min(start, at), Math.max(start, at));
    };
  });

  /* --- the filter --- */
  function filter(query, hidden) {
    for (const box of $$(query)) {
      box.addEventListener("change", () => {
        for (const value of box.value.split(" ")) {
          box.checked ? hidden.delete(Number(value)) : hidden.add(Number(value));
        }
        for (const kind of $$("input.kind")) kind.checked = !hiddenKinds.has(Number(kind.value));
        for (const family of $$("input.family")) {
          const on = family.value.split(" ").map(value => !hiddenKinds.has(Number(value)));
          family.checked = on.some(Boolean);
          family.indeterminate = on.some(Boolean) && !on.every(Boolean);
        }
        draw();
      });
    }
  }
  filter("input.family", hiddenKinds);
  filter("input.kind", hiddenKinds);
  filter("input.peer", hiddenLanes);

  /* --- what is under the pointer --- */
  const tip = $("#tip");
  function tell(strip, event) {
    const box = strip.svg.getBoundingClientRect();
    const mark = event.target.closest?.(".mark");
    const arrow = mark || strip !== main ? null
      : main.arrowNear(event.clientX - box.left - GUTTER, event.clientY - box.top);
    for (const near of $$(".arrow.near")) near.classList.remove("near");
    let text = mark ? mark.dataset.text : event.target.dataset?.text;
    if (arrow !== null) {
      $(`.arrow[data-i="${arrow}"]`)?.classList.add("near");
      const [source, target, , sent, taken, words, relayed] = data.arrows[arrow];
      const took = taken === null ? "never taken" : `${ms(taken - sent)} on its way`;
      text = `${data.lanes[source]} → ${data.lanes[target]}: ${data.texts[words]} ` +
        `(${took}${relayed ? ", passed on by a neighbour" : ""})`;
    }
    tip.hidden = !text;
    if (!text) return;
    tip.textContent = text;
    const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
    const below = event.clientY + 18 + tip.offsetHeight < innerHeight;
    tip.style.left = `${Math.max(left, 4)}px`;
    tip.style.top = `${below ? event.clientY + 18 : event.clientY - tip.offsetHeight - 10}px`;
  }
  for (const [box, strip] of [[mainBox, main], [wholeBox, overview]]) {
    box.addEventListener("pointermove", event => tell(strip, event));
    box.addEventListener("pointerleave", () => { tip.hidden = true; });
  }

  addEventListener("resize", draw);
  drawNow();
})();
