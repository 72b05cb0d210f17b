// Draws the chart of an explore page and filters it; reads the page's own data, fetches nothing.
"use strict";
// Vega's level for errors alone; the bundle has no name for it
const ERRORS = 1;
const given = JSON.parse(document.getElementById("given").textContent);
const selects = Array.from(document.querySelectorAll("select[data-filter]"));
const chosen = Object.assign({}, given.chosen);

function matching(fields) {
  return given.rows.filter((row) => fields.every((field) => row[field] === chosen[field]));
}

// the same figures as text: screen readers hear what changed
function tell() {
  const [row] = matching(["kind", "segment", "stage", "period"]);
  const where = `${chosen.segment === "All" ? "All segments" : chosen.segment}, ${chosen.stage === "All" ? "all stages" : chosen.stage}, ${chosen.period}`;
  const text = row
    ? `${where}: ${format(row.value)} (${format(row.low)} to ${format(row.high)}), ${row.base.toLocaleString("en")} ${given.base}${row.is_complete ? "" : "; the period is not complete"}.`
    : `${where}: not shown, the base is below ${given.minimum_base}.`;
  document.getElementById("finding").textContent = text;
  const body = document.querySelector("#figures tbody");
  body.replaceChildren(...matching(["kind", "segment", "stage"]).map((each) => {
    const line = document.createElement("tr");
    for (const [text, isNumber] of [[each.period, false], [each.base.toLocaleString("en"), true], [format(each.value), true], [`${format(each.low)} to ${format(each.high)}`, true], [each.is_complete ? "yes" : "no", false]]) {
      const cell = document.createElement("td");
      cell.textContent = text;
      if (isNumber) cell.className = "number";
      line.append(cell);
    }
    return line;
  }));
}

function format(value) {
  const isShare = given.form.endsWith("%");
  const digits = isShare ? 1 : 0;
  let text = (isShare ? value * 100 : value).toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  text = text.replace("-", "\u2212");
  return isShare ? `${text}\u202f%` : text;
}

// `ast` interprets expressions: the page allows no code from text. Below errors nothing is logged: an empty choice is told
// in words, not as a warning about its scale.
const drawn = Object.entries(given.charts).map(([field, chart]) =>
  vegaEmbed(`#chart-${field}`, { ...chart, datasets: { figures: given.rows } }, { renderer: "svg", actions: false, ast: true, logLevel: ERRORS }));
Promise.all(drawn).then((results) => {
  // the chart's frame has its name, and the table its figures
  document.querySelectorAll("#charts svg").forEach((svg) => svg.setAttribute("aria-hidden", "true"));
  for (const select of selects) {
    select.addEventListener("change", () => {
      chosen[select.dataset.filter] = select.value;
      Promise.all(results.map(({ view }) => view.signal(select.dataset.filter, select.value).runAsync())).then(tell);
    });
  }
  document.getElementById("charts").dataset.drawn = "yes";
});
tell();
