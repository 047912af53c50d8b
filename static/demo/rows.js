/* The rows of the demo report: key figures and the table with its pages. */
(function (root) {
  "use strict";

  const Report = root.Report;
  const part = Report.part;
  const SIZE = 15;
  const shown = {page: 1, answer: null};

  function fetchJson(path) {
    return root.fetch(path, {headers: {Accept: "application/json"}}).then((answer) => answer.json().then((body) => {
      if (!answer.ok) {
        throw new Error(body.message || "HTTP " + answer.status);
      }
      return body;
    }));
  }

  function cell(content, className) {
    const element = root.document.createElement("td");
    element.textContent = content;
    if (className) {
      element.className = className;
    }
    return element;
  }

  function magnitudeCell(magnitude) {
    const element = cell(magnitude === null ? "–" : Report.number(magnitude, 1), "number magnitude");
    element.dataset.strength = magnitude >= 6 ? "strong" : magnitude >= 4 ? "moderate" : "light";
    return element;
  }

  /** Date and time, which a narrow table puts below each other. */
  function timeCell(time) {
    const element = cell("", "time");
    Report.moment(time, "UTC").split(" ").forEach((piece) => {
      const span = root.document.createElement("span");
      span.textContent = piece;
      element.append(span, " ");
    });
    return element;
  }

  function rowOf(event) {
    const row = root.document.createElement("tr");
    row.append(
      timeCell(event.time),
      magnitudeCell(event.mag),
      cell(event.place),
      cell(Report.text(event.type)),
      cell(event.felt === null ? "–" : Report.number(event.felt), "number"),
      cell(Report.text(event.status))
    );
    return row;
  }

  function render() {
    const answer = shown.answer;
    if (!answer) {
      return;
    }
    part("empty").hidden = answer.total > 0;
    part("report").hidden = answer.total === 0;
    part("rows").replaceChildren(...answer.rows.map(rowOf));
    part("rows-count").textContent = Report.text("rowsCount", {n: Report.number(answer.total)});
    part("page-number").textContent = Report.text("pageNumber", {page: answer.page, pages: answer.pages});
    part("previous").disabled = answer.page <= 1;
    part("next").disabled = answer.page >= answer.pages;
  }

  function load(page) {
    return fetchJson("/demo/rows?page=" + page + "&size=" + SIZE).then((answer) => {
      shown.page = answer.page;
      shown.answer = answer;
      render();
    });
  }

  function turn(step) {
    load(shown.page + step).catch((error) => Report.showError("errorRows", error));
  }

  part("previous").addEventListener("click", () => turn(-1));
  part("next").addEventListener("click", () => turn(1));
  Report.onLanguage(render);
  Report.fetchJson = fetchJson;
  Report.loadRows = load;
})(window);
