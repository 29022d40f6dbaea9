// Everything happens in modules that the browser fetches once, when this tab is used for the first time.
const absolute = (path) => new URL(path, document.baseURI).href;
const places = Object.fromEntries(Object.entries(RUNTIME).map(([name, path]) => [name, absolute(path)]));
let panel = null;

const opening = import(absolute(`${MODULES}/panel.js`)).then(({ Panel }) => {
  panel = new Panel(element, {
    runtime: places, worker: absolute(`${MODULES}/worker.js`), absolute,
    wantFile: (told) => trigger('file_wanted', told), wantAnswer: (told) => trigger('answer_wanted', told),
  });
  panel.say(props.value || {});
  window.moescopeDevice = panel;
  return panel;
});

// A gradio button calls this; the page never waits for the server here, unless a file must be fetched first.
window.moescopeRun = (...dials) => { opening.then(() => panel.run(...dials)); };
window.moescopeStop = () => { panel?.stop(); };
window.moescopePlan = (plan) => { opening.then(() => panel.choose(plan)); };

watch('value', () => panel?.say(props.value || {}));
watch('files', () => panel?.offer(props.files || {}));
watch('answer', () => panel?.compare(props.answer));
