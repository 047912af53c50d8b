/* The words of the demo report in two languages, and the switch between them. */
(function (root) {
  "use strict";

  const TEXTS = {
    en: {
      title: "A week of earthquakes",
      subtitle: "Every earthquake the USGS recorded in seven days, copied into a table by one task",
      runTitle: "Update the data", task: "Task", run: "Run the task", terminate: "Terminate",
      pages: "Pages fetched", read: "Rows read", inserted: "Inserted", updated: "Updated", record: "Running record",
      empty: "The table is still empty. Run the task to fill it.",
      factTotal: "Earthquakes", factStrongest: "Strongest", factNoticeable: "Magnitude 4 and over",
      factNoticeableNote: "usually noticed by people", factFelt: "Reported as felt", factReports: "{n} reports in all",
      chartTitle: "Earthquakes in six-hour steps",
      chartNote: "Bars count earthquakes, dots mark the strongest one of each step. Times are UTC.",
      seriesTime: "From", seriesCount: "Earthquakes", seriesStrongest: "Strongest magnitude",
      rowsTitle: "Rows in the table", rowsCount: "{n} rows", pageNumber: "{page} of {pages}",
      columnTime: "Time (UTC)", columnMagnitude: "Magnitude", columnPlace: "Place", columnType: "Kind",
      columnFelt: "Felt", columnStatus: "Review", previous: "Previous", next: "Next",
      howTitle: "How this page does it",
      how: "A report template needs one script tag and one call. The id belongs to a page application: it may run and " +
        "watch this one task, from this address only, and there is no secret to steal.",
      footer: "Data: U.S. Geological Survey, public domain, week of 31 January to 7 February 2018.",
      STARTING: "Starting", QUEUING: "Waiting", RUNNING: "Running", SUCCESS: "Succeeded", ERROR: "Failed",
      BUILD_FAIL: "Could not be built", INTERRUPT: "Terminated",
      took: "{date}, took {seconds} s", since: "since {date}",
      errorStart: "The task could not be started", errorFollow: "The run can no longer be followed",
      errorTerminate: "The run could not be terminated", errorRows: "The rows could not be loaded",
      errorRun: "The task did not succeed",
      earthquake: "earthquake", explosion: "explosion", "quarry blast": "quarry blast",
      reviewed: "reviewed", automatic: "automatic", deleted: "deleted"
    },
    zh: {
      title: "一周地震报表",
      subtitle: "美国地质调查局七天内记录的全部地震，由一个任务写入数据表",
      runTitle: "更新数据", task: "任务", run: "运行任务", terminate: "终止",
      pages: "已取页数", read: "读取行数", inserted: "新增", updated: "更新", record: "运行记录",
      empty: "数据表还是空的，运行任务即可填充。",
      factTotal: "地震次数", factStrongest: "最强地震", factNoticeable: "4 级及以上",
      factNoticeableNote: "通常有感", factFelt: "有感地震", factReports: "共 {n} 份有感报告",
      chartTitle: "每六小时地震次数",
      chartNote: "柱表示地震次数，圆点表示该时段的最大震级。时间为 UTC。",
      seriesTime: "时段起点", seriesCount: "地震次数", seriesStrongest: "最大震级",
      rowsTitle: "表中数据", rowsCount: "共 {n} 行", pageNumber: "第 {page} / {pages} 页",
      columnTime: "时间 (UTC)", columnMagnitude: "震级", columnPlace: "地点", columnType: "类型",
      columnFelt: "有感报告", columnStatus: "审核", previous: "上一页", next: "下一页",
      howTitle: "本页如何实现",
      how: "报表模板只需一个 script 标签和一次调用。其中的 id 属于页面应用：它只能在本地址运行和查看这一个任务，页面里没有任何密钥。",
      footer: "数据来源：美国地质调查局（USGS），公有领域，2018 年 1 月 31 日至 2 月 7 日。",
      STARTING: "正在启动", QUEUING: "排队中", RUNNING: "运行中", SUCCESS: "成功", ERROR: "失败",
      BUILD_FAIL: "构建失败", INTERRUPT: "已终止",
      took: "{date}，用时 {seconds} 秒", since: "开始于 {date}",
      errorStart: "任务未能启动", errorFollow: "无法继续跟踪本次运行",
      errorTerminate: "未能终止本次运行", errorRows: "数据加载失败", errorRun: "任务未成功",
      earthquake: "地震", explosion: "爆炸", "quarry blast": "采石爆破",
      reviewed: "已审核", automatic: "自动", deleted: "已删除"
    }
  };

  const listeners = [];
  let language = remembered() || (/^zh/i.test(root.navigator.language) ? "zh" : "en");

  function remembered() {
    try {
      return root.localStorage.getItem("demo-language");
    } catch (error) {
      return null; // a browser without storage just asks again next time
    }
  }

  function text(key, values) {
    const found = TEXTS[language][key];
    return found === undefined ? String(key) : found.replace(/\{(\w+)\}/g, (whole, name) => values[name]);
  }

  function number(value, digits) {
    return value.toLocaleString(language, {minimumFractionDigits: digits || 0, maximumFractionDigits: digits || 0});
  }

  /** A moment given in epoch milliseconds; `zone` "UTC" or undefined for the reader's own. */
  function moment(value, zone) {
    const pair = "2-digit";
    const style = {year: "numeric", month: pair, day: pair, hour: pair, minute: pair, second: pair, timeZone: zone};
    return new Date(value).toLocaleString("sv-SE", style); // 2018-02-07 01:26:13, which both languages read
  }

  function apply() {
    root.document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    root.document.title = text("title");
    root.document.querySelectorAll("[data-text]").forEach((element) => {
      element.textContent = text(element.dataset.text);
    });
    root.document.querySelectorAll("[data-language]").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.language === language));
    });
    root.FR.FDL.configure({language: language});
    listeners.forEach((listener) => listener());
  }

  function choose(wanted) {
    language = wanted;
    try {
      root.localStorage.setItem("demo-language", wanted);
    } catch (error) {
      root.console.info("the language is not remembered: " + error);
    }
    apply();
  }

  root.document.querySelectorAll("[data-language]").forEach((button) => {
    button.addEventListener("click", () => choose(button.dataset.language));
  });
  root.Report = {
    text: text,
    number: number,
    moment: moment,
    language: () => language,
    onLanguage: (listener) => listeners.push(listener),
    part: (id) => root.document.getElementById(id)
  };
  apply();
})(window);
