/*
 * fdl-trigger.js: run FineDataLink tasks from a report page.
 *
 *   <script src="https://host/static/fdl-trigger.js" data-client-id="ID OF A PAGE APPLICATION"></script>
 *   FR.ExecuteWorkByWorkId({workId: "..."}, function (error, response) { ... });
 *
 * Eight functions join the global FR object (or make one): FR.GetWorkRecordsByWorkId, FR.GetWorkRecordsByWorkName,
 * FR.GetRecordInfoByRecordId, FR.ExecuteWorkByWorkId, FR.ExecuteWorkByWorkName, FR.TerminateWorkByWorkId,
 * FR.TerminateWorkByWorkName, FR.TerminateWorkByRecordId. Each takes (argument, callback(error, response)) and also
 * returns a Promise. FR.FDL.configure({...}) changes the settings, FR.FDL.watch(recordId, {...}) follows a run.
 *
 * No secret belongs in a page: a page application has only an id, and the server binds it to tasks, operations and
 * origins. No dependencies, no build step. docs/report-pages.md has the whole story.
 */
(function (root) {
  "use strict";

  const settings = {
    base: null,          // "https://host/webroot/decision"; default: beside the directory this script came from
    clientId: null,      // id of a page application
    language: null,      // "zh" or "en"; default: the browser's
    timeout: 30000,      // milliseconds one call may take
    repeatWindow: 1500   // milliseconds in which the same run request counts as a double click
  };

  // The identifying argument, the method and the path of each function. `once`: a double click is one call.
  const FUNCTIONS = {
    GetWorkRecordsByWorkId: {id: "workId", method: "POST", path: "fdl/workId/records"},
    GetWorkRecordsByWorkName: {id: "workName", method: "POST", path: "fdl/workName/records"},
    GetRecordInfoByRecordId: {id: "recordId", method: "GET", path: "fdl/record/info"},
    ExecuteWorkByWorkId: {id: "workId", method: "POST", path: "fdl/workId/execute", once: true},
    ExecuteWorkByWorkName: {id: "workName", method: "POST", path: "fdl/workName/execute", once: true},
    TerminateWorkByWorkId: {id: "workId", method: "POST", path: "fdl/workId/terminate"},
    TerminateWorkByWorkName: {id: "workName", method: "POST", path: "fdl/workName/terminate"},
    TerminateWorkByRecordId: {id: "recordId", method: "POST", path: "fdl/recordId/terminate"}
  };

  const FINAL = ["SUCCESS", "ERROR", "BUILD_FAIL", "INTERRUPT", "FAIL", "INVALID", "DUPLICATE"];

  const TEXTS = {
    en: {
      network: "No answer from {base}: the service cannot be reached{else}",
      foreign: ", or it does not allow pages from {origin}",
      timeout: "No answer from {base} within {seconds} s",
      http: "The service answered with HTTP status {status}",
      not_json: "The answer from {base} is not one of the service (HTTP status {status}); is the address right?",
      not_configured: "fdl-trigger.js is not configured: set data-{attribute} on its script tag",
      missing_argument: "{name} is missing",
      code: " (code {code})"
    },
    zh: {
      network: "{base} 没有应答：服务无法连接{else}",
      foreign: "，或不允许来自 {origin} 的页面调用",
      timeout: "{base} 在 {seconds} 秒内没有应答",
      http: "服务返回 HTTP 状态 {status}",
      not_json: "{base} 的应答不是本服务的格式（HTTP 状态 {status}），请检查地址",
      not_configured: "fdl-trigger.js 尚未配置：请在其 script 标签上设置 data-{attribute}",
      missing_argument: "缺少参数 {name}",
      code: "（错误码 {code}）"
    }
  };

  function language() {
    const wanted = settings.language || (root.navigator && root.navigator.language) || "en";
    return /^zh/i.test(wanted) ? "zh" : "en";
  }

  function text(key, values) {
    return TEXTS[language()][key].replace(/\{(\w+)\}/g, (whole, name) => String(values[name]));
  }

  /** What callbacks get as `error`: `String(error)` is a sentence; fields `code`, `status` (0: no answer), `message`. */
  function failure(code, status, message) {
    const error = new Error(message);
    error.name = "FdlError";
    error.code = code;
    error.status = status;
    error.toString = () => message + text("code", {code: code});
    return error;
  }

  function localFailure(code, status, values) {
    return failure(code, status, text(code, Object.assign({base: settings.base, status: status}, values)));
  }

  /**
   * THE CHOICE of what `response` is: the `data` value of the answer's envelope, whole (a list of records, a record,
   * or {recordId: ...}). The vendor does not say; change it here, and only here.
   */
  function responseOf(envelope) {
    return envelope.data;
  }

  /** A non-null errorCode is a failure whatever the HTTP status; without one, any 2xx object is a success. */
  function readAnswer(status, body) {
    let envelope;
    try {
      envelope = JSON.parse(body);
    } catch (error) {
      envelope = null;
    }
    const isObject = envelope !== null && typeof envelope === "object" && !Array.isArray(envelope);
    if (isObject && envelope.errorCode !== null && envelope.errorCode !== undefined) {
      throw failure(String(envelope.errorCode), status, envelope.errorMsg || text("http", {status: status}));
    }
    if (status < 200 || status > 299) {
      throw localFailure("http", status);
    }
    if (!isObject) {
      throw localFailure("not_json", status);
    }
    return responseOf(envelope);
  }

  /** A browser does not tell a service that is down from one that refuses a page of another origin. */
  function whyElse() {
    const origin = root.location.origin;
    return settings.base.indexOf(origin + "/") === 0 ? "" : text("foreign", {origin: origin});
  }

  function send(method, url, body) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open(method, url);
      request.timeout = settings.timeout;
      if (body !== null) {
        request.setRequestHeader("Content-Type", "application/json");
      }
      request.onload = () => resolve([request.status, request.responseText]);
      request.onerror = () => reject(localFailure("network", 0, {else: whyElse()}));
      request.ontimeout = () => reject(localFailure("timeout", 0, {seconds: settings.timeout / 1000}));
      request.send(body === null ? null : JSON.stringify(body));
    }).then((answer) => readAnswer(answer[0], answer[1]));
  }

  /** The argument as an object: a bare string is the identifier itself. */
  function asObject(spec, argument) {
    const isBare = argument === null || argument === undefined || typeof argument !== "object";
    return isBare ? {[spec.id]: argument} : argument;
  }

  function problemWith(spec, values) {
    const missing = settings.base ? (settings.clientId ? null : "client-id") : "base";
    if (missing) {
      return localFailure("not_configured", 0, {attribute: missing});
    }
    if (values[spec.id] === undefined || values[spec.id] === null || values[spec.id] === "") {
      return localFailure("missing_argument", 0, {name: spec.id});
    }
    return null;
  }

  function call(spec, values) {
    const problem = problemWith(spec, values);
    if (problem) {
      return Promise.reject(problem);
    }
    const query = {client_id: settings.clientId};
    if (spec.method === "GET") {
      query[spec.id] = values[spec.id];
    }
    const pairs = Object.keys(query).map((name) => name + "=" + encodeURIComponent(query[name]));
    const url = settings.base + "/sp/client/api/" + spec.path + "?" + pairs.join("&");
    return send(spec.method, url, spec.method === "GET" ? null : values);
  }

  const recent = new Map(); // key of a run request -> its promise, while it counts as the same click

  /** Equal requests share the first answer, while it is awaited and within the window; a failure is forgotten. */
  function callOnce(name, spec, values) {
    const key = JSON.stringify([name, settings.base, settings.clientId, values]);
    if (recent.has(key)) {
      return recent.get(key);
    }
    const started = Date.now();
    const answer = call(spec, values);
    const forget = () => recent.delete(key);
    recent.set(key, answer);
    answer.then(() => setTimeout(forget, Math.max(0, settings.repeatWindow - (Date.now() - started))), forget);
    return answer;
  }

  /** Hand the outcome to the callback, if there is one; the promise is returned either way. */
  function deliver(answer, callback) {
    if (typeof callback === "function") {
      answer.then((response) => callback(null, response), (error) => callback(error, null));
      return answer;
    }
    return answer.then((response) => response); // the caller's own promise: unheard failures show in the console
  }

  function makeFunction(name) {
    const spec = FUNCTIONS[name];
    return function (argument, callback) {
      const values = asObject(spec, argument);
      return deliver(spec.once ? callOnce(name, spec, values) : call(spec, values), callback);
    };
  }

  /**
   * Follow a run until it has ended. Options: `interval` (ms, default 1000, grows up to `maxInterval`, 5000, while
   * nothing changes or the service says there are too many calls), `onChange(record)`, `retries` (unanswered polls in a
   * row that are forgiven, 3).
   * Returns {promise, stop()}; the promise gives the final record, or null once stopped. `callback(error, record)` too.
   */
  function watch(recordId, options, callback) {
    const wanted = Object.assign({interval: 1000, maxInterval: 5000, retries: 3, onChange: null}, options);
    const state = {last: null, pause: wanted.interval, misses: 0, timer: null, finish: null};
    const promise = new Promise((resolve, reject) => {
      state.finish = resolve;
      poll(recordId, wanted, state, resolve, reject);
    });
    const stop = function () {
      clearTimeout(state.timer);
      resolveNothing(state);
    };
    return {promise: deliver(promise, callback), stop: stop};
  }

  function resolveNothing(state) {
    if (state.finish) {
      state.finish(null);
      state.finish = null;
    }
  }

  function poll(recordId, wanted, state, resolve, reject) {
    const again = () => {
      if (state.finish) {
        state.timer = setTimeout(() => poll(recordId, wanted, state, resolve, reject), state.pause);
      }
    };
    call(FUNCTIONS.GetRecordInfoByRecordId, {recordId: recordId}).then((record) => {
      state.misses = 0;
      notice(record, wanted, state);
      return FINAL.indexOf(record.taskStatus) < 0 ? again() : resolve(record);
    }, (error) => {
      const isBusy = error.status === 429;
      state.misses += isBusy ? 0 : 1;
      state.pause = isBusy ? wanted.maxInterval : state.pause;
      return isBusy || (error.status === 0 && state.misses <= wanted.retries) ? again() : reject(error);
    }).catch(reject);
  }

  function notice(record, wanted, state) {
    const seen = JSON.stringify(record);
    const isNew = seen !== state.last;
    state.last = seen;
    state.pause = isNew ? wanted.interval : Math.min(state.pause * 1.5, wanted.maxInterval);
    if (isNew && wanted.onChange && state.finish) {
      wanted.onChange(record);
    }
  }

  /** Change settings: base, clientId, language, timeout, repeatWindow. Others are ignored. */
  function configure(changes) {
    Object.keys(settings).forEach((name) => {
      if (changes && changes[name] !== undefined) {
        settings[name] = changes[name];
      }
    });
    if (settings.base) {
      settings.base = new URL(settings.base, root.document.baseURI).href.replace(/\/+$/, "");
    }
  }

  /** Add what is not there yet: members of somebody else keep their value. */
  function addMissing(target, members) {
    Object.keys(members).forEach((name) => {
      if (!(name in target)) {
        target[name] = members[name];
      }
    });
    return target;
  }

  /** https://host/prefix/static/fdl-trigger.js belongs to https://host/prefix/webroot/decision. */
  function baseBeside(source) {
    const found = /^(.*)\/static\/(?:.*\/)?[^/]*$/.exec((source || "").split(/[?#]/)[0]);
    return found ? found[1] + "/webroot/decision" : undefined;
  }

  const tag = root.document.currentScript || root.document.querySelector('script[src*="fdl-trigger.js"]');
  const data = tag ? tag.dataset : {};
  const given = {base: data.base || baseBeside(tag && tag.src), clientId: data.clientId, language: data.language};
  if (root.FR && root.FR.FDL && root.FR.FDL.isTrigger) {
    root.FR.FDL.configure(given); // loaded a second time: the newer tag's settings count
    return;
  }
  configure(given);

  const functions = {};
  Object.keys(FUNCTIONS).forEach((name) => {
    functions[name] = makeFunction(name);
  });
  root.FR = addMissing(root.FR || {}, functions);
  const extras = {isTrigger: true, configure: configure, watch: watch};
  root.FR.FDL = addMissing(root.FR.FDL || {}, Object.assign(extras, functions));
})(window);
