// Dash calls the page's scripts, which are ES modules, through here: a clientside callback may run before they have arrived,
// so it waits for them. Dash would load each module by itself, and twice; the application tells it to leave them alone.
(() => {
  const here = document.currentScript.src;
  const modules = import(new URL("modules/page.mjs", here));
  // The viewer's bundle is large, and asked for late: let it come meanwhile.
  const bundle = new URL("vendor/niivue.umd.js", here);
  document.head.append(Object.assign(document.createElement("link"), { rel: "prefetch", href: bundle }));
  const call = (name) => (...values) => modules.then((page) => page[name](...values));
  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    explorer: new Proxy({}, { get: (_, name) => call(name) }),
  });
})();
