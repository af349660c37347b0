// What this browser can draw with.

const context = () => document.createElement("canvas").getContext("webgl2");

/** Whether there is WebGL 2. Without it the maps are drawn as SVG and volumes as planes on a 2D canvas. */
export function hasWebgl2() {
  const gl = context();
  gl?.getExtension("WEBGL_lose_context")?.loseContext(); // browsers allow few contexts at once
  return gl !== null;
}

/** Whether WebGL runs on a processor instead of a graphics card: then a 3D picture takes seconds. */
export function isSoftwareRendered() {
  const gl = context();
  const info = gl?.getExtension("WEBGL_debug_renderer_info");
  const name = info ? gl.getParameter(info.UNMASKED_RENDERER_WEBGL) : "";
  gl?.getExtension("WEBGL_lose_context")?.loseContext();
  return /swiftshader|llvmpipe|software|basic render/i.test(name);
}
