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

  static async on(canvas) {
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
    painter.#nv.scene.volScaleMultiplier = 1.5; // NiiVue leaves room for a cube's corners; a cell has none
    painter.#nv.setRenderAzimuthElevation(15, 35); // 0, 90 is the xy plane as it is seen beside it
    painter.#nv.setSliceType(RENDER);
    return painter;
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
    for (const old of [...this.#nv.volumes]) this.#nv.removeVolume(old);
    this.#nv.addVolume(image);
    this.#shape = shape;
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
