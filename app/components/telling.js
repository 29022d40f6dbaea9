// Tells the server of events. One that waits for the answer to its predecessor (trigger_mode "always_last") is sent by
// gradio 6.31 with its predecessor's data; so each kind of event keeps one object, which always holds the newest data.
window.moescope.newest = (trigger) => {
  const kept = {};
  return (event, data) => {
    kept[event] ??= {};
    for (const name of Object.keys(kept[event])) delete kept[event][name];
    trigger(event, Object.assign(kept[event], data));
  };
};
