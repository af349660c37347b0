// Paints the 3D picture with NiiVue (WebGL 2).

const RENDER = 4; // NiiVue's slice type
const RGBA = 2304; // NIfTI's code

/** NiiVue is one classic script; it is fetched when the first volume is shown. */
export const loadNiivue = () =>
  new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("../vendor/niivue.umd.js", import.meta.url);
    script.onload = () => resolve(window.niivue);
    script.onerror = () => reject(new Error("The 3D viewer could not be loaded. Run `make install`, then reload the page."));
    document.head.append(script);
  });

export class NiivuePainter {
  #nv;
  #niivue;
  #shape;
  #size;

  /** @param {object} camera as of camera.mjs  @param {(camera: object) => void} turned told of another */
  static async on(canvas, camera, turned) {
    const painter = new NiivuePainter();
    painter.#niivue = await loadNiivue();
    painter.#nv = new painter.#niivue.Niivue({
      dragMode: painter.#niivue.DRAG_MODE.none, // no contrast box: colours are mixed before NiiVue sees them
      backColor: [0, 0, 0, 1],
      crosshairWidth: 0,
      show3Dcrosshair: false,
      dragAndDropEnabled: false,
      isColorbar: false,
      isOrientCube: false,
      isOrientationTextVisible: false, // a cell, not a head
      loadingText: "",
      clipPlaneHotKey: "",
      viewModeHotKey: "",
      logLevel: "error",
    });
    await painter.#nv.attachToCanvas(canvas);
    painter.#nv.setSliceType(RENDER);
    painter.setCamera(camera);
    painter.#nv.scene.onAzimuthElevationChange = painter.#nv.onZoom3DChange = () => turned(painter.#camera);
    return painter;
  }

  get #camera() {
    const { renderAzimuth: azimuth, renderElevation: elevation, volScaleMultiplier: zoom } = this.#nv.scene;
    return { azimuth, elevation, zoom };
  }

  setCamera({ azimuth, elevation, zoom }) {
    this.#nv.scene.volScaleMultiplier = zoom;
    this.#nv.setRenderAzimuthElevation(azimuth, elevation);
  }

  /** @param {Uint8ClampedArray} rgba Z, Y, X, RGBA  @param {number[]} shape Z, Y, X */
  async load(rgba, shape, voxel_um) {
    if (this.#shape?.join() === shape.join()) {
      this.#nv.volumes[0].img.set(rgba);
      this.#nv.updateGLVolume();
      return;
    }
    const [nz, ny, nx] = shape;
    const um = voxel_um;
    // NiiVue's millimetre stands for our um. y is flipped: NiiVue draws it upwards, images have it downwards.
    const affine = [um, 0, 0, 0, 0, -um, 0, um * (ny - 1), 0, 0, um, 0, 0, 0, 0, 1];
    const nifti = this.#niivue.NVImage.createNiftiArray([nx, ny, nz], [um, um, um], affine, RGBA, new Uint8Array(rgba));
    const image = await this.#niivue.NVImage.loadFromUrl({ url: nifti.buffer, name: "cell.nii" });
    this.#clear();
    this.#nv.addVolume(image);
    this.#shape = shape;
  }

  /**
   * Surfaces instead of a volume, in its room, so that the camera sees both alike.
   * @param {{points: Float32Array, triangles: Uint32Array, colour: number[], opacity: number}[]} surfaces in the order in which
   *   they are drawn, points in voxels; colour parts and opacity 0 to 1  @param {number[]} shape Z, Y, X of the volume
   */
  drawSurfaces(surfaces, [nz, ny, nx], um) {
    this.#clear();
    for (const { points, triangles, colour, opacity } of surfaces.filter(({ triangles }) => triangles.length)) {
      // y as of a volume, as NiiVue draws it upwards; that mirrors triangles, so their corners change places.
      const placed = points.map((at, k) => um * (k % 3 === 1 ? ny - 1 - at : at));
      const turned = triangles.map((_, k) => triangles[k - (k % 3) + [0, 2, 1][k % 3]]);
      const rgba = Uint8Array.from([...colour.map((part) => 255 * part), 255]);
      const mesh = new this.#niivue.NVMesh(placed, turned, "surface", rgba, opacity, true, this.#nv.gl);
      mesh.extentsMin = [-um / 2, -um / 2, -um / 2];
      mesh.extentsMax = [(nx - 0.5) * um, (ny - 0.5) * um, (nz - 0.5) * um];
      this.#nv.addMesh(mesh);
    }
    this.#nv.drawScene();
  }

  #clear() {
    for (const old of [...this.#nv.volumes]) this.#nv.removeVolume(old);
    for (const old of [...this.#nv.meshes]) this.#nv.removeMesh(old);
    this.#shape = undefined;
  }

  /** The canvas has another size, in CSS pixels. */
  arrange(width, height) {
    if (this.#size?.join() === [width, height].join()) return;
    this.#size = [width, height];
    this.#nv.resizeListener?.();
    this.#nv.drawScene();
  }

  /** Stops listening to the page. */
  dispose() {
    this.#nv.cleanup();
  }

  /** RGBA of the canvas as it is painted now, rows from the top down. */
  pixels() {
    this.#nv.drawScene();
    const { gl } = this.#nv;
    const [width, height] = [gl.drawingBufferWidth, gl.drawingBufferHeight];
    const upwards = new Uint8Array(4 * width * height);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, upwards);
    const data = new Uint8Array(upwards.length);
    for (let row = 0; row < height; row++) {
      data.set(upwards.subarray(4 * width * (height - 1 - row), 4 * width * (height - row)), 4 * width * row);
    }
    return { width, height, data };
  }
}
