/* The chart and the key figures of the demo report. */
(function (root) {
  "use strict";

  const Report = root.Report;
  const part = Report.part;
  const STEP = 6 * 3600;
  const shown = {answer: null, chart: null};

  function colour(name) {
    return root.getComputedStyle(root.document.documentElement).getPropertyValue("--" + name).trim();
  }

  function day(seconds) {
    const locale = Report.language() === "zh" ? "zh-CN" : "en-GB";
    return new Date(seconds * 1000).toLocaleDateString(locale, {month: "short", day: "numeric", timeZone: "UTC"});
  }

  function size() {
    const width = Math.max(240, part("chart").clientWidth);
    return {width: width, height: Math.round(Math.min(320, Math.max(220, width * 0.36)))};
  }

  function axis(more) {
    const font = "12px " + root.getComputedStyle(root.document.body).fontFamily;
    const line = {stroke: colour("line"), width: 1};
    return Object.assign({stroke: colour("quiet"), font: font, grid: line, ticks: {show: false}}, more);
  }

  function options() {
    const shownAs = (digits) => (u, value) => (typeof value === "number" ? Report.number(value, digits) : "–");
    return Object.assign(size(), {
      tzDate: (seconds) => root.uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      padding: [12, 4, 0, 4],
      cursor: {y: false, drag: {setScale: false, x: false, y: false}},
      scales: {
        x: {range: (u, low, high) => [low - STEP / 2, high + STEP / 2]},
        count: {range: (u, low, high) => [0, high * 1.15]},
        magnitude: {range: () => [0, 8]}
      },
      axes: [
        axis({space: 70, size: 28, grid: {show: false}, values: (u, splits) => splits.map(day)}),
        axis({scale: "count", size: 40}),
        axis({scale: "magnitude", side: 1, size: 32, grid: {show: false}})
      ],
      series: [
        {label: Report.text("seriesTime"), value: (u, value) => (value ? Report.moment(value * 1000, "UTC") : "–")},
        {
          label: Report.text("seriesCount"), scale: "count", fill: colour("bar"), width: 0,
          paths: root.uPlot.paths.bars({size: [0.72, 40], radius: 0.12}), points: {show: false},
          value: shownAs(0)
        },
        {
          label: Report.text("seriesStrongest"), scale: "magnitude", stroke: colour("dot"), paths: () => null,
          points: {show: true, size: 8, fill: colour("dot"), stroke: colour("card")}, value: shownAs(1)
        }
      ]
    });
  }

  function draw() {
    if (shown.chart) {
      shown.chart.destroy();
      shown.chart = null;
    }
    if (shown.answer && shown.answer.times.length && part("chart").clientWidth) {
      const answer = shown.answer;
      shown.chart = new root.uPlot(options(), [answer.times, answer.counts, answer.strongest], part("chart"));
    }
  }

  function renderFacts() {
    const facts = shown.answer && shown.answer.facts;
    if (!facts) {
      return;
    }
    part("fact-total").textContent = Report.number(facts.total);
    part("fact-span").textContent = day(facts.first / 1000) + " – " + day(facts.last / 1000);
    part("fact-strongest").textContent = "M " + Report.number(facts.strongest.mag, 1);
    part("fact-place").textContent = facts.strongest.place;
    part("fact-noticeable").textContent = Report.number(facts.noticeable);
    part("fact-felt").textContent = Report.number(facts.felt);
    part("fact-reports").textContent = Report.text("factReports", {n: Report.number(facts.reports)});
  }

  function render() {
    renderFacts();
    draw();
  }

  root.addEventListener("resize", () => shown.chart && shown.chart.setSize(size()));
  root.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  Report.onLanguage(render);
  Report.loadChart = () => Report.fetchJson("/demo/chart").then((answer) => {
    shown.answer = answer;
    render();
  });
})(window);
