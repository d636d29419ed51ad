"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const SYMBOLS = { fails: "✗", undecided: "?", succeeds: "✓" };
  const VERDICTS = ["fails", "undecided", "succeeds"];
  const ROW = 34;
  // More nodes than this are drawn as groups: a layout stays below a tenth of a second.
  const MOST = 60;

  const make = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
  const draw = (tag, attributes, ...children) =>
    fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
  function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  }

  const copies = data.copies.map((copy, at) => {
    const source = data.nodes[copy.source];
    const target = data.nodes[copy.target];
    const words = [copy.id, source.title, source.address, source.unit, source.account, source.region, source.file,
      target.title, target.address, target.account, target.region, target.unit, copy.plan, copy.verdict,
      ...copy.decided.map((rule) => data.rules[rule].name)];
    return { ...copy, at, source, target, words: words.filter(Boolean).join("\n").toLowerCase() };
  });

  const filters = { text: "", account: "", service: "", rule: "", verdicts: new Set(VERDICTS), only: null };
  let shown = copies;
  let selected = -1;
  let view = "picture";
  let zoom = 1;

  function filtered() {
    const terms = filters.text.toLowerCase().split(/\s+/).filter(Boolean);
    return copies.filter((copy) =>
      filters.verdicts.has(copy.verdict) &&
      (!filters.account || copy.source.account === filters.account || copy.target.account === filters.account) &&
      (!filters.service || copy.source.detail === filters.service) &&
      (!filters.rule || copy.decided.some((rule) => data.rules[rule].name === filters.rule)) &&
      (!filters.only || filters.only.has(copy.at)) &&
      terms.every((term) => copy.words.includes(term)));
  }

  function apply() {
    shown = filtered();
    if (!shown.includes(copies[selected])) selected = -1;
    byId("count").textContent = shown.length === copies.length ? `(${copies.length})` : `(${shown.length} of ${copies.length})`;
    byId("none").hidden = shown.length > 0;
    byId("list").scrollTop = 0;
    render();
  }

  function render() {
    for (const name of ["picture", "copies", "findings", "run"]) {
      byId(name).classList.toggle("on", view === name);
      const tab = byId(`tab-${name}`);
      tab.setAttribute("aria-selected", String(view === name));
      tab.tabIndex = view === name ? 0 : -1;
    }
    if (view === "picture") picture();
    if (view === "copies") rows();
    if (view === "findings") findings();
  }

  // The list: only the rows in sight exist.
  function rows(all) {
    const list = byId("list");
    const first = all ? 0 : Math.max(0, Math.floor(list.scrollTop / ROW) - 8);
    const last = all ? shown.length : Math.min(shown.length, first + Math.ceil((list.clientHeight || 600) / ROW) + 16);
    const box = byId("rows");
    box.style.height = `${shown.length * ROW}px`;
    const made = [];
    for (let at = first; at < last; at += 1) {
      const copy = shown[at];
      made.push(make("div", {
        class: "row", role: "option", id: `copy-${copy.at}`, "aria-selected": String(copy.at === selected),
        "aria-setsize": shown.length, "aria-posinset": at + 1, style: `top:${at * ROW}px`, "data-at": at,
      },
      make("span", { class: copy.verdict }, `${SYMBOLS[copy.verdict]} ${copy.verdict}`),
      make("span", { title: copy.source.address || copy.source.title }, copy.source.title),
      make("span", {}, copy.source.account),
      make("span", {}, copy.plan),
      make("span", {}, `${copy.target.title} in ${copy.target.account}`),
      make("span", {}, copy.decided.map((rule) => data.rules[rule].name).join(", "))));
    }
    box.replaceChildren(...made);
    const active = shown.findIndex((copy) => copy.at === selected);
    if (active >= 0) list.setAttribute("aria-activedescendant", `copy-${selected}`);
    else list.removeAttribute("aria-activedescendant");
  }

  function move(to) {
    if (!shown.length) return;
    const at = Math.max(0, Math.min(shown.length - 1, to));
    selected = shown[at].at;
    const list = byId("list");
    if (at * ROW < list.scrollTop) list.scrollTop = at * ROW;
    if ((at + 1) * ROW > list.scrollTop + list.clientHeight) list.scrollTop = (at + 1) * ROW - list.clientHeight;
    rows();
  }

  // A copy with every check.
  function open(at) {
    selected = at;
    const copy = copies[at];
    const aside = byId("detail");
    const entry = (name, value) => (value ? [make("dt", {}, name), make("dd", {}, value)] : []);
    const checks = copy.checks.map((number) => data.checks[number]);
    const order = { fail: 0, undecided: 1, warning: 2, pass: 3, not_applicable: 4 };
    const told = checks.slice().sort((a, b) => order[a.outcome] - order[b.outcome]);
    const apart = told.filter((check) => check.outcome !== "not_applicable");
    const rest = told.filter((check) => check.outcome === "not_applicable");
    aside.replaceChildren(
      make("button", { class: "close", type: "button", onclick: close }, "Close (Esc)"),
      make("h2", {}, make("span", { class: copy.verdict }, `${SYMBOLS[copy.verdict]} ${copy.verdict}: `), `${copy.source.title} to ${copy.target.title}`),
      make("dl", {},
        ...entry("copy", copy.id),
        ...entry("data", copy.source.address), ...entry("in", place(copy.source)),
        ...entry("plan / rule", copy.plan), ...entry("backed up in", copy.vault),
        ...entry("destination", copy.target.address), ...entry("in", place(copy.target)),
        ...entry("assumed", copy.assumed.map((number) => data.assumed[number]).join("; "))),
      ...apart.map(check),
      rest.length ? make("details", {}, make("summary", {}, `${rest.length} rules do not apply`),
        make("ul", {}, ...rest.map((one) => make("li", {}, data.rules[one.rule].name)))) : null);
    aside.hidden = false;
    aside.scrollTop = 0;
    aside.focus({ preventScroll: true });
    if (view === "copies") rows();
    history.replaceState(null, "", `#copy=${copy.id}`);
  }
  const place = (node) => [node.account && `account ${node.account}`, node.region, node.unit].filter(Boolean).join(", ");

  function close() {
    byId("detail").hidden = true;
    history.replaceState(null, "", "#");
    (view === "copies" ? byId("list") : byId("canvas")).focus({ preventScroll: true });
  }

  const WORDS = { fail: ["fails", "✗"], undecided: ["undecided", "?"], warning: ["undecided", "!"], pass: ["succeeds", "✓"] };
  function check(one) {
    const [verdict, symbol] = WORDS[one.outcome];
    const rule = data.rules[one.rule];
    return make("details", one.outcome === "pass" ? {} : { open: "" },
      make("summary", {}, make("span", { class: verdict }, `${symbol} `), rule.name, one.outcome === "pass" ? ` — holds` : ""),
      make("p", { class: "said" }, ...prose(one.message || `ruled out: ${rule.summary}`)),
      ...one.evidence.flatMap(([number, message]) => snippet(data.places[number], message)),
      ...one.notes.map((note) => make("p", { class: "said" }, ...prose(note))),
      ...remedy(one.help),
      one.url ? make("p", { class: "said" }, make("a", { href: one.url, rel: "noreferrer" }, one.url)) : null);
  }

  // The user's text stands in backticks.
  const prose = (text) => text.split("`").map((part, at) => (at % 2 && part ? make("code", {}, part) : part));

  function remedy(help) {
    if (!help) return [];
    const at = help.indexOf(":\n");
    if (at < 0) return [make("p", { class: "said" }, ...prose(`Remedy: ${help}`))];
    return [make("p", { class: "said" }, ...prose(`Remedy: ${help.slice(0, at + 1)}`)), make("pre", {}, help.slice(at + 2))];
  }

  function snippet(where, message) {
    const width = String(where.first + where.lines.length).length;
    return [
      make("p", { class: "place" }, ...prose(`${where.file}:${where.line}:${where.column}${message ? ` — ${message}` : ""}`)),
      make("pre", {}, ...where.lines.map((line, at) => {
        const number = where.first + at;
        const hit = number >= where.line && number <= where.end;
        return make("span", { class: hit ? "l hit" : "l" }, make("span", { class: "n" }, `${String(number).padStart(width)}  `), `${line}\n`);
      })),
    ];
  }

  function findings() {
    const ids = new Set(shown.map((copy) => copy.at));
    const kept = data.findings.filter((finding) => finding.copies.some((at) => ids.has(at)) || !finding.copies.length);
    byId("findings").replaceChildren(
      ...kept.slice(0, 500).map((finding) => make("details", kept.length < 4 ? { open: "" } : {},
        make("summary", {}, make("span", { class: finding.grade === "error" ? "fails" : "undecided" }, `${finding.grade} `), ...prose(finding.headline)),
        make("p", { class: "said" }, ...prose(`${finding.cause} (${data.rules[finding.rule].name})`)),
        ...finding.evidence.flatMap(([number, message]) => snippet(data.places[number], message)),
        ...finding.notes.map((note) => make("p", { class: "said" }, ...prose(note))),
        ...remedy(finding.help),
        make("p", {}, make("button", { type: "button", onclick: () => only(finding.copies) }, finding.copies.length === 1 ? "Show the copy" : `Show the ${finding.copies.length} copies`)))),
      kept.length > 500 ? make("p", {}, `…and ${kept.length - 500} more; narrow the filters.`) : "",
      kept.length ? "" : make("p", {}, "No finding touches these copies."));
  }

  function only(list) {
    filters.only = new Set(list);
    view = "copies";
    apply();
    if (list.length === 1) open(list[0]);
  }

  // The picture: data stores, vaults and keys in their Regions and accounts; as groups where there are many.
  const LEVELS = [
    ["", (node, at) => [`${at}`, node.title]],
    ["grouped by type and Region", (node) => [`${node.kind}|${node.account}|${node.region}|${node.detail}`, node.detail]],
    ["grouped by account", (node) => [`${node.kind}|${node.account}`, node.kind === "data_store" ? "data stores" : node.detail]],
  ];
  function grouped() {
    let built = null;
    for (const [words, name] of LEVELS) {
      built = group(words, name);
      if (built.nodes.size <= MOST) return built;
    }
    // Still too many: the accounts with most failures stay, the others are one.
    const worst = new Map();
    for (const copy of shown) {
      const sum = worst.get(copy.source.account) || [0, 0];
      worst.set(copy.source.account, [sum[0] + (copy.verdict === "fails"), sum[1] + 1]);
    }
    const order = [...worst.entries()].sort((a, b) => b[1][0] - a[1][0] || b[1][1] - a[1][1]).map(([account]) => account);
    const kept = new Set(order.slice(0, 24));
    return group(`the ${kept.size} accounts with most failing copies; the others are drawn as one`, (node) => {
      const targets = node.kind !== "data_store";
      if (kept.has(node.account) || targets) return [`${node.kind}|${node.account}`, targets ? node.detail : "data stores"];
      return [`${node.kind}|others`, "data stores", `${order.length - kept.size} other accounts`];
    });
  }

  function group(words, name) {
    const nodes = new Map();
    const edges = new Map();
    const add = (number) => {
      const node = data.nodes[number];
      const [key, title, account] = name(node, number);
      let found = nodes.get(key);
      if (!found) {
        found = { key, kind: node.kind, title, account: account || node.account, region: words.includes("account") ? "" : node.region, members: new Set(), counts: { fails: 0, undecided: 0, succeeds: 0 }, copies: [] };
        nodes.set(key, found);
      }
      found.members.add(number);
      return found;
    };
    for (const copy of shown) {
      const from = add(data.copies[copy.at].source);
      const to = add(data.copies[copy.at].target);
      for (const node of [from, to]) {
        node.counts[copy.verdict] += 1;
        node.copies.push(copy.at);
      }
      const key = `${from.key}\n${to.key}`;
      let edge = edges.get(key);
      if (!edge) {
        edge = { from: from.key, to: to.key, counts: { fails: 0, undecided: 0, succeeds: 0 }, copies: [] };
        edges.set(key, edge);
      }
      edge.counts[copy.verdict] += 1;
      edge.copies.push(copy.at);
    }
    if (!words.includes("account")) {
      for (const node of [...nodes.values()]) {
        for (const number of node.members) {
          for (const key of data.nodes[number].keys) {
            const used = add(key);
            edges.set(`${node.key}\n${used.key}`, { from: node.key, to: used.key, key: true });
            used.copies.push(...node.copies);
          }
        }
      }
    }
    for (const node of nodes.values()) if (node.members.size > 1) node.title = `${node.members.size} × ${node.title}`;
    return { words, nodes, edges };
  }

  const worst = (counts) => VERDICTS.find((verdict) => counts[verdict] > 0) || "";
  function said(counts) {
    const total = VERDICTS.reduce((sum, verdict) => sum + counts[verdict], 0);
    if (total === 1) return `${SYMBOLS[worst(counts)]} ${worst(counts)}`;
    return VERDICTS.filter((verdict) => counts[verdict]).map((verdict) => `${SYMBOLS[verdict]} ${counts[verdict]}`).join(" · ");
  }
  const cut = (text, most) => (text.length <= most ? text : `${text.slice(0, Math.floor(most / 3))}…${text.slice(text.length - (most - Math.floor(most / 3) - 1))}`);

  let drawn = null;
  function picture() {
    if (drawn === shown) return size();
    drawn = shown;
    const { words, nodes, edges } = grouped();
    byId("grouping").textContent = words ? `${shown.length} copies, ${words}` : `${shown.length} ${shown.length === 1 ? "copy" : "copies"}`;
    const graph = new dagre.graphlib.Graph({ compound: true });
    graph.setGraph({ rankdir: "LR", nodesep: 14, ranksep: 80, edgesep: 18, marginx: 16, marginy: 16 });
    graph.setDefaultEdgeLabel(() => ({}));
    const boxes = new Map();
    for (const node of nodes.values()) {
      const title = cut(node.title, 40);
      graph.setNode(node.key, { width: Math.max(90, title.length * 7 + 34), height: 34 });
      const account = `account\n${node.account}`;
      if (!boxes.has(account)) {
        boxes.set(account, { title: `account ${node.account}`, class: "box" });
        graph.setNode(account, {});
      }
      let parent = account;
      if (node.region) {
        parent = `region\n${node.account}\n${node.region}`;
        if (!boxes.has(parent)) {
          boxes.set(parent, { title: node.region, class: "region" });
          graph.setNode(parent, {});
          graph.setParent(parent, account);
        }
      }
      graph.setParent(node.key, parent);
    }
    for (const edge of edges.values()) {
      graph.setEdge(edge.from, edge.to, edge.key ? { minlen: 1, weight: 1 } : { minlen: 2, weight: 2 });
    }
    dagre.layout(graph);
    const parts = [];
    for (const [key, box] of [...boxes].sort((a, b) => (a[1].class < b[1].class ? -1 : 1))) {
      const at = graph.node(key);
      const [left, top] = [at.x - at.width / 2, at.y - at.height / 2 - (box.class === "box" ? 16 : 2)];
      parts.push(draw("rect", { class: box.class, x: left, y: top, width: at.width, height: at.height + (box.class === "box" ? 20 : 6), rx: 6 }));
      parts.push(draw("text", { class: box.class === "region" ? "region-name" : "", x: left + 8, y: top + 14 }, cut(box.title, Math.max(8, Math.floor(at.width / 7)))));
    }
    const marks = [];
    for (const edge of edges.values()) {
      const points = graph.edge(edge.from, edge.to).points;
      const path = curve(points);
      if (edge.key) {
        parts.push(draw("g", { class: "edge key" }, draw("path", { class: "line", d: path })));
        continue;
      }
      const words = said(edge.counts);
      const middle = points[Math.floor(points.length / 2)];
      const name = `${nodes.get(edge.from).title} to ${nodes.get(edge.to).title}: ${words}`;
      const act = () => (edge.copies.length === 1 ? open(edge.copies[0]) : only(edge.copies));
      const label = words.length * 7 + 8;
      marks.push(draw("g", { class: `edge ${worst(edge.counts)}`, tabindex: 0, role: "button", "aria-label": name, onclick: act, onkeydown: press(act) },
        draw("title", {}, name),
        draw("path", { class: "line", d: path, "marker-end": `url(#${worst(edge.counts)})` }),
        draw("path", { class: "hit", d: path }),
        draw("rect", { class: "pill", x: middle.x - label / 2, y: middle.y - 9, width: label, height: 17, rx: 8 }),
        draw("text", { x: middle.x, y: middle.y + 4, "text-anchor": "middle" }, words)));
    }
    parts.push(...marks);
    for (const node of nodes.values()) {
      const at = graph.node(node.key);
      const [left, top, right, bottom] = [at.x - at.width / 2, at.y - at.height / 2, at.x + at.width / 2, at.y + at.height / 2];
      const shapes = {
        data_store: () => draw("rect", { x: left, y: top, width: at.width, height: at.height, rx: 16 }),
        vault: () => draw("rect", { x: left, y: top, width: at.width, height: at.height, rx: 2 }),
        key: () => draw("path", { d: `M${left + 12} ${top}H${right - 12}L${right} ${at.y}L${right - 12} ${bottom}H${left + 12}L${left} ${at.y}Z` }),
      };
      const words = node.kind === "key" ? `key ${node.title}` : `${node.kind === "vault" ? "vault " : ""}${node.title}: ${said(node.counts)}`;
      const act = () => (node.copies.length === 1 ? open(node.copies[0]) : only([...new Set(node.copies)]));
      parts.push(draw("g", { class: `node ${node.kind === "data_store" ? worst(node.counts) : ""}`, tabindex: 0, role: "button", "aria-label": words, onclick: act, onkeydown: press(act) },
        shapes[node.kind](), draw("title", {}, words),
        draw("text", { x: at.x, y: at.y + 4, "text-anchor": "middle" }, cut(node.title, 40))));
    }
    const { width = 100, height = 100 } = graph.graph();
    const markers = VERDICTS.map((verdict) => draw("marker", { id: verdict, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 10, markerHeight: 10, markerUnits: "userSpaceOnUse", orient: "auto" },
      draw("path", { d: "M0 0L8 4L0 8z", style: `fill:var(--${verdict})` })));
    const svg = draw("svg", { viewBox: `0 -20 ${Math.max(width, 100)} ${Math.max(height, 60) + 40}`, role: "group", "aria-label": "Picture of the copies" }, draw("defs", {}, ...markers), ...parts);
    svg.dataset.width = Math.max(width, 100);
    svg.dataset.height = Math.max(height, 60) + 40;
    byId("canvas").replaceChildren(svg);
    fit();
  }
  const press = (act) => (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      act();
    }
  };
  function curve(points) {
    let path = `M${points[0].x} ${points[0].y}`;
    for (let at = 1; at < points.length; at += 1) {
      const [a, b] = [points[at - 1], points[at]];
      const half = (a.x + b.x) / 2;
      path += `C${half} ${a.y} ${half} ${b.y} ${b.x} ${b.y}`;
    }
    return path;
  }
  function fit() {
    const svg = byId("canvas").firstElementChild;
    if (!svg) return;
    const [room, high] = [byId("canvas").clientWidth - 4, byId("canvas").clientHeight - 4];
    // What is higher than the window is scrolled: smaller text could not be read.
    zoom = Math.min(1.5, Math.max(0.62, Math.min(room / svg.dataset.width, high / svg.dataset.height)));
    size();
  }
  function size() {
    const svg = byId("canvas").firstElementChild;
    if (!svg) return;
    svg.setAttribute("width", svg.dataset.width * zoom);
    svg.setAttribute("height", svg.dataset.height * zoom);
  }

  function run() {
    const list = (title, items) => (items.length ? [make("h2", {}, title), make("ul", {}, ...items.map((item) => make("li", {}, ...prose(item))))] : []);
    byId("run").replaceChildren(
      ...list("Input that could not be read", data.errors),
      make("h2", {}, "What was read"), make("p", { class: "said" }, data.read),
      ...(data.decisive ? [make("h2", {}, "What would decide most"), make("p", { class: "said" }, ...prose(data.decisive))] : []),
      ...list("Assumed", data.assumed), ...list("Not evaluated", data.left_out),
      make("p", { class: "said" }, `crossvault ${data.version}`));
  }

  // Filters and keys.
  const options = (id, values) => byId(id).append(...[...new Set(values)].sort().map((value) => make("option", { value }, value)));
  options("account", copies.flatMap((copy) => [copy.source.account, copy.target.account]));
  options("service", copies.map((copy) => copy.source.detail));
  options("rule", copies.flatMap((copy) => copy.decided.map((rule) => data.rules[rule].name)));
  for (const verdict of VERDICTS) {
    const number = copies.filter((copy) => copy.verdict === verdict).length;
    byId("verdicts").append(make("button", { type: "button", class: verdict, id: `verdict-${verdict}`, "aria-pressed": "true", onclick(event) {
      if (!filters.verdicts.delete(verdict)) filters.verdicts.add(verdict);
      event.currentTarget.setAttribute("aria-pressed", String(filters.verdicts.has(verdict)));
      apply();
    } }, `${SYMBOLS[verdict]} ${number} ${verdict}`));
  }
  for (const id of ["account", "service", "rule"]) {
    byId(id).addEventListener("change", (event) => { filters[id] = event.target.value; apply(); });
  }
  let waiting = 0;
  byId("search").addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { filters.text = event.target.value; apply(); }, 80);
  });
  byId("reset").addEventListener("click", () => {
    Object.assign(filters, { text: "", account: "", service: "", rule: "", verdicts: new Set(VERDICTS), only: null });
    byId("search").value = "";
    for (const id of ["account", "service", "rule"]) byId(id).value = "";
    for (const verdict of VERDICTS) byId(`verdict-${verdict}`).setAttribute("aria-pressed", "true");
    apply();
  });
  byId("theme").addEventListener("click", () => {
    const dark = document.documentElement.dataset.theme
      ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset.theme = dark ? "light" : "dark";
  });
  byId("zoom-in").addEventListener("click", () => { zoom = Math.min(4, zoom * 1.25); size(); });
  byId("zoom-out").addEventListener("click", () => { zoom = Math.max(0.1, zoom / 1.25); size(); });
  byId("zoom-fit").addEventListener("click", fit);
  const tabs = ["picture", "copies", "findings", "run"];
  for (const name of tabs) {
    byId(`tab-${name}`).addEventListener("click", () => { view = name; render(); });
    byId(`tab-${name}`).addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      view = tabs[(tabs.indexOf(view) + step + tabs.length) % tabs.length];
      render();
      byId(`tab-${view}`).focus();
    });
  }
  byId("list").addEventListener("scroll", () => requestAnimationFrame(() => rows()));
  byId("list").addEventListener("click", (event) => {
    const row = event.target.closest(".row");
    if (row) open(shown[Number(row.dataset.at)].at);
  });
  byId("list").addEventListener("keydown", (event) => {
    const at = shown.findIndex((copy) => copy.at === selected);
    const page = Math.max(1, Math.floor(byId("list").clientHeight / ROW) - 1);
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: shown.length - 1 };
    if (event.key in steps) {
      event.preventDefault();
      move(steps[event.key]);
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      open(selected);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !byId("detail").hidden) close();
    else if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      byId("search").focus();
    }
  });
  addEventListener("resize", () => { if (view === "copies") rows(); else if (view === "picture") fit(); });
  addEventListener("beforeprint", () => { picture(); rows(true); findings(); });
  addEventListener("afterprint", render);
  addEventListener("hashchange", jump);
  function jump() {
    const id = new URLSearchParams(location.hash.slice(1)).get("copy");
    const found = id && copies.find((copy) => copy.id === id);
    if (found) open(found.at);
  }

  byId("found").textContent = `(${data.findings.length})`;
  if (matchMedia("(max-width: 800px)").matches) view = "copies";
  run();
  apply();
  jump();
  document.documentElement.dataset.ready = "true";
})();
