// Dash calls the page's scripts, which are ES modules, through here: a clientside callback may run before they have arrived,
// so it waits for them. Dash would load each module by itself, and twice; the application tells it to leave them alone.
(() => {
  const modules = import(new URL("modules/page.mjs", document.currentScript.src));
  const call = (name) => (...values) => modules.then((page) => page[name](...values));
  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    explorer: new Proxy({}, { get: (_, name) => call(name) }),
  });
})();
