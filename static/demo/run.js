/* The button of the demo report: run the task through FR.*, follow it, stop it, show the rows it brought. */
(function (root) {
  "use strict";

  const Report = root.Report;
  const FR = root.FR;
  const part = Report.part;
  const workId = root.document.body.dataset.workId;
  const shown = {record: null, error: null};

  function isFinal(record) {
    return ["SUCCESS", "ERROR", "BUILD_FAIL", "INTERRUPT"].indexOf(record.taskStatus) >= 0;
  }

  function showError(title, error) {
    shown.error = title ? {title: title, text: error.name === "FdlError" ? String(error) : error.message} : null;
    renderError();
  }

  function renderError() {
    part("error").hidden = !shown.error;
    part("error-title").textContent = shown.error ? Report.text(shown.error.title) : "";
    part("error-text").textContent = shown.error ? shown.error.text : "";
  }

  function whenText(record) {
    if (!record.startTime) {
      return "";
    }
    if (!record.finishTime) {
      return Report.text("since", {date: Report.moment(record.startTime)});
    }
    const seconds = Report.number((record.finishTime - record.startTime) / 1000, 1);
    return Report.text("took", {date: Report.moment(record.startTime), seconds: seconds});
  }

  function render() {
    const record = shown.record;
    part("progress").hidden = !record;
    part("terminate").hidden = !record || isFinal(record) || !record.recordId;
    part("run").disabled = Boolean(record) && !isFinal(record);
    if (!record) {
      return;
    }
    part("state").textContent = Report.text(record.taskStatus);
    part("state").dataset.state = record.taskStatus;
    part("when").textContent = whenText(record);
    part("bar").value = record.readRows || 0;
    part("bar").dataset.state = record.taskStatus;
    part("pages").textContent = Report.number(record.pages || 0);
    part("rows-read").textContent = Report.number(record.readRows || 0);
    part("rows-inserted").textContent = Report.number(record.insertedRows || 0);
    part("rows-updated").textContent = Report.number(record.updatedRows || 0);
    part("record-id").textContent = record.recordId || "";
  }

  function show(record) {
    shown.record = record;
    render();
  }

  function loadReport() {
    return Report.loadRows(1).then(Report.loadChart).catch((error) => showError("errorRows", error));
  }

  function finished(record) {
    show(record);
    loadReport().then(() => {
      if (record.taskStatus === "ERROR" || record.taskStatus === "BUILD_FAIL") {
        showError("errorRun", new Error(record.message || Report.text(record.taskStatus)));
      }
    });
  }

  function follow(recordId) {
    const watch = FR.FDL.watch(recordId, {interval: 250, maxInterval: 1000, onChange: show});
    watch.promise.then(finished, (error) => {
      show(null);
      showError("errorFollow", error);
    });
  }

  function run() {
    showError(null);
    show({taskStatus: "STARTING"});
    FR.ExecuteWorkByWorkId({workId: workId}, (error, response) => {
      if (error) {
        show(null);
        showError("errorStart", error);
      } else {
        follow(response.recordId);
      }
    });
  }

  function terminate() {
    part("terminate").disabled = true;
    FR.TerminateWorkByRecordId({recordId: shown.record.recordId}, (error) => {
      part("terminate").disabled = false;
      if (error) {
        showError("errorTerminate", error);
      }
    });
  }

  /** Somebody may have started the task already: show the latest run, and follow it while it goes on. */
  function resume() {
    FR.GetWorkRecordsByWorkId({workId: workId, latest: true}, (error, records) => {
      if (error) {
        showError("errorFollow", error);
      } else if (records.length) {
        show(records[0]);
        if (!isFinal(records[0])) {
          follow(records[0].recordId);
        }
      }
    });
  }

  Report.showError = showError;
  Report.onLanguage(() => {
    render();
    renderError();
  });
  part("run").addEventListener("click", run);
  part("terminate").addEventListener("click", terminate);
  loadReport();
  resume();
})(window);
