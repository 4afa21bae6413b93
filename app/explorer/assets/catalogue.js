// The catalogue to read: concepts and differences side by side, criteria and factors, styles, programs with filters.

import { apology, catalogue, fragment, h, listed, title } from "./parts.js";

const sentence = (words) => (words.length ? `${title(listed(words)).replaceAll("-", " ")}.` : "");
const jump = (item, name) => h("a", { href: fragment("catalogue", { item }) }, name);

function sources(item) {
  const titles = item.source.map(({ title: name, publisher, year, url }) => {
    const words = [name, publisher, year].filter(Boolean).join(", ");
    return /^https?:\/\//.test(url ?? "") ? h("a", { href: url, rel: "noreferrer" }, words) : words;
  });
  return h("p", { class: "small" }, "Source: ", titles.flatMap((part, i) => (i ? ["; ", part] : [part])), ".");
}

function concepts(items) {
  const rows = {
    "What it is": (concept) => concept.description,
    "Responsible for": (concept) => concept.responsible_for,
    "Accountable for": (concept) => concept.accountable_for,
    Provides: (concept) => concept.provides,
    "Found at": (concept) => concept.found_at,
    "Looks at": (concept) => sentence(concept.overall_focus),
    Needs: (concept) => sentence(concept.skills),
    Criteria: (concept) => concept.criteria.flatMap(({ slug, name }, i) => [i ? ", " : "", jump(slug, name)]),
  };
  const relations = [...new Set(items.flatMap((concept) => concept.relations))];
  return [
    sideBySide("Leadership and management", items.map((concept) => concept.name), Object.entries(rows).map(([name, of]) => [name, ...items.map(of)])),
    h("h3", {}, "How they belong together"),
    h("ul", {}, relations.map((relation) => h("li", {}, relation))),
  ];
}

function sideBySide(caption, columns, rows) {
  return h(
    "table",
    { class: "sides" },
    h("caption", { class: "hidden" }, caption),
    h("thead", {}, h("tr", {}, h("td"), columns.map((name) => h("th", { scope: "col", class: name.toLowerCase() }, name)))),
    h("tbody", {}, rows.map(([name, ...cells]) => h("tr", {}, h("th", { scope: "row" }, name), cells.map((part, i) => h("td", { "data-column": columns[i] }, part))))),
  );
}

function differences(items) {
  const rows = items.map((item) => [
    [item.name, h("span", { class: "small" }, item.description)],
    [item.leadership, item.leadership_in_practice && h("span", { class: "small" }, item.leadership_in_practice)],
    [item.management, item.management_in_practice && h("span", { class: "small" }, item.management_in_practice)],
  ]);
  return sideBySide("Differences", ["Leadership", "Management"], rows);
}

function trait(item) {
  return h(
    "li",
    { id: `item-${item.slug}`, tabindex: "-1", class: item.concept?.slug },
    h("h3", {}, item.name, item.concept && h("small", {}, ` speaks for ${item.concept.slug}`)),
    h("p", {}, item.description),
    h("p", { class: "small" }, `Ask: ${item.question}`),
  );
}

function reasons(heading, links) {
  if (!links.length) return null;
  return h("div", {}, h("h4", {}, heading), h("ul", {}, links.map((link) => h("li", {}, jump(link.slug, link.name), `: ${link.why}`))));
}

const words = (heading, found) => found?.length > 0 && [h("dt", {}, heading), h("dd", {}, sentence(found))];

function style(item) {
  const links = [...item.criteria, ...item.factors];
  return h(
    "li",
    { id: `item-${item.slug}`, tabindex: "-1", class: item.concept.slug },
    h("h3", {}, item.name),
    h("p", {}, item.description),
    h("dl", {}, words("Fits when", item.fits_when), words("Fails when", item.fails_when), words("Strengths", item.strengths), words("Risks", item.risks)),
    h("details", {}, h("summary", {}, "What speaks for and against it"), reasons("For", links.filter(({ fit }) => fit === "for")), reasons("Against", links.filter(({ fit }) => fit === "against")), sources(item)),
  );
}

function program(item) {
  const length = [item.months && `${item.months} months`, item.modules && `${item.modules} modules`].filter(Boolean);
  return h(
    "li",
    { id: `item-${item.slug}`, tabindex: "-1" },
    h("h3", {}, item.name, h("small", {}, ` ${item.school}`)),
    h("p", {}, item.description),
    h("dl", {}, item.audience && [h("dt", {}, "For"), h("dd", {}, item.audience)], words("Focus", item.focus), words("Level", item.seniority), words("Delivery", item.delivery), words("Pace", item.pace), words("Length", length), words("Topics", item.topics)),
    h("details", {}, h("summary", {}, "Criteria and skills that it helps with"), h("p", { class: "small" }, "The links are our own reading."), reasons("Criteria", item.criteria), reasons("Skills", item.skills), sources(item)),
  );
}

const skill = (item) =>
  h("li", { id: `item-${item.slug}`, tabindex: "-1", class: item.concept.slug }, h("h3", {}, item.name, h("small", {}, ` for ${item.concept.slug}`)), h("p", {}, item.description), h("p", { class: "small" }, item.purpose));

/** A list with a menu for each facet: what a facet's source does not say never matches. */
function filtered(name, items, show, facets) {
  const list = h("ul", { class: "plain cards" });
  const count = h("p", { role: "status", class: "small" });
  const menus = Object.entries(facets).map(([label, of]) => {
    const values = [...new Set(items.flatMap((item) => of(item) ?? []))].sort((a, b) => (a < b ? -1 : 1));
    const menu = h("select", { id: `${name}-${label.replaceAll(" ", "-")}`, onchange: draw }, h("option", { value: "" }, "any"), values.map((value) => h("option", { value }, title(String(value)))));
    return { label, of, menu };
  });
  function draw() {
    const kept = items.filter((item) => menus.every(({ of, menu }) => !menu.value || (of(item) ?? []).map(String).includes(menu.value)));
    list.replaceChildren(...kept.map(show));
    count.textContent = `${kept.length} of ${items.length} ${name}.`;
  }
  draw();
  const clear = () => (menus.forEach(({ menu }) => (menu.value = "")), draw());
  const controls = menus.map(({ label, menu }) => h("div", {}, h("label", { for: menu.id }, label), menu));
  return { clear, parts: [h("div", { class: "filters", role: "group", "aria-label": `Filter the ${name}` }, controls, h("button", { type: "button", onclick: clear }, "Clear")), count, list] };
}

function content(data) {
  const speaks = (item) => [...item.criteria, ...item.factors].filter(({ fit }) => fit === "for").map(({ slug }) => slug);
  const styles = filtered("styles", data.styles, style, { "Style of": (item) => [item.concept.slug], "Fits where there is": speaks });
  const programs = filtered("programs", data.programs, program, {
    Focus: (item) => item.focus,
    Level: (item) => item.seniority,
    Delivery: (item) => item.delivery,
    Pace: (item) => item.pace,
    "Helps with": (item) => item.criteria.map(({ slug }) => slug),
  });
  const chapters = {
    concepts: ["Two concepts", concepts(data.concepts)],
    differences: ["Differences", differences(data.differences)],
    criteria: ["Eight criteria", h("ul", { class: "plain cards" }, data.criteria.map(trait))],
    factors: ["Four factors", h("ul", { class: "plain cards" }, data.factors.map(trait))],
    styles: ["Styles", styles.parts],
    programs: ["Programs", programs.parts],
    skills: ["Skills", h("ul", { class: "plain cards" }, data.skills.map(skill))],
  };
  const entries = Object.entries(chapters);
  const parts = [
    h("nav", { "aria-label": "Chapters of the catalogue", class: "chapters" }, h("ul", {}, entries.map(([key, [heading]]) => h("li", {}, jump(key, heading))))),
    ...entries.map(([key, [heading, inside]]) => h("section", { class: "chapter", "aria-labelledby": `item-${key}` }, h("h2", { id: `item-${key}`, tabindex: "-1" }, heading), inside)),
  ];
  return { parts, clear: () => (styles.clear(), programs.clear()) };
}

/** Build the view in its section. */
export function view(section) {
  const place = h("div", { "aria-busy": "true" }, h("p", { class: "status" }, "Fetching the catalogue …"));
  section.append(place);
  let filled;
  async function open(given) {
    try {
      if (!filled) {
        filled = content(await catalogue());
        place.replaceChildren(...filled.parts);
        place.setAttribute("aria-busy", "false");
      }
      const id = given.has("item") ? `item-${given.get("item")}` : "";
      if (id && !document.getElementById(id)) filled.clear();
      const target = document.getElementById(id);
      target?.scrollIntoView();
      target?.focus({ preventScroll: true });
    } catch (error) {
      place.replaceChildren(apology(error, () => open(given)));
    }
  }
  return { open };
}
