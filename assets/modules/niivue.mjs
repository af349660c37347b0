// Paints volumes with NiiVue (WebGL 2): planes and the 3D picture.

const PLANES = { xy: 0, xz: 1, yz: 2, "3d": 4 }; // NiiVue's axial, coronal, sagittal, render
const RGBA = 2304; // NIfTI's code
const HAIR = 0.002; // of a pixel

/** NiiVue is one classic script; it is fetched when the first volume is shown. */
export const loadNiivue = () =>
  new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("../vendor/niivue.umd.js", import.meta.url);
    script.onload = () => resolve(window.niivue);
    script.onerror = () => reject(new Error("The 3D viewer could not be loaded. Run `make install`, then reload the page."));
    document.head.append(script);
  });

/** Where a fraction (right, anterior, superior) of NiiVue's space is in voxels (x, y, z): y runs against anterior. */
export const voxelOf = ([x, y, z], [nz, ny, nx]) => [
  clampedFloor(x, nx),
  ny - 1 - clampedFloor(y, ny),
  clampedFloor(z, nz),
];

const clampedFloor = (fraction, n) => Math.min(n - 1, Math.max(0, Math.floor(fraction * n)));

export class NiivuePainter {
  #nv;
  #niivue;
  #shape;
  #tiles = [];

  /** @param {(voxel: number[]) => void} onMove told x, y, z of the crosshair */
  static async on(canvas, onMove) {
    const painter = new NiivuePainter();
    painter.#niivue = await loadNiivue();
    painter.#nv = new painter.#niivue.Niivue({
      dragMode: painter.#niivue.DRAG_MODE.none, // no contrast box: colours are mixed before NiiVue sees them
      backColor: [0, 0, 0, 1],
      crosshairWidth: 0, // drawn over the canvas, so that no voxel is hidden
      show3Dcrosshair: false,
      dragAndDropEnabled: false,
      isColorbar: false,
      isOrientCube: false,
      isOrientationTextVisible: false, // a cell, not a head
      isRadiologicalConvention: false,
      sagittalNoseLeft: true, // y to the right in yz
      isForceMouseClickToVoxelCenters: true, // between two voxels a plane would be their mean
      loadingText: "",
      clipPlaneHotKey: "",
      viewModeHotKey: "",
      logLevel: "error",
    });
    await painter.#nv.attachToCanvas(canvas);
    painter.#nv.scene.volScaleMultiplier = 1.5; // NiiVue leaves room for a cube's corners; a cell has none
    painter.#nv.setRenderAzimuthElevation(15, 35); // 0, 90 is the xy plane as it is seen beside it
    painter.#nv.onLocationChange = () => painter.voxel && onMove(painter.voxel);
    return painter;
  }

  /** x, y, z of the voxel under the crosshair, once there is a volume. */
  get voxel() {
    return this.#shape && voxelOf(this.#nv.scene.crosshairPos, this.#shape);
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
    const [x, y, z] = [nx, ny, nz].map((n) => ((n >> 1) + 0.5) / n);
    this.#nv.scene.crosshairPos = [x, 1 - y, z];
    this.#shape = shape;
    this.arrange(this.#tiles);
  }

  /** Goes to x, y, z. */
  moveTo([x, y, z]) {
    if (!this.#shape) return;
    const [nz, ny, nx] = this.#shape;
    this.#nv.scene.crosshairPos = [(x + 0.5) / nx, 1 - (y + 0.5) / ny, (z + 0.5) / nz];
    this.#nv.drawScene();
    this.#nv.onLocationChange();
  }

  /** Stops listening to the page. */
  dispose() {
    this.#nv.cleanup();
  }

  /** @param tiles as of tiles.mjs, in CSS pixels of the canvas */
  arrange(tiles) {
    this.#tiles = tiles;
    if (!this.#shape || !tiles.length) return;
    const { clientWidth, clientHeight } = this.#nv.canvas;
    // NiiVue multiplies these fractions by the canvas again and WebGL cuts what comes out down to whole pixels: a hair is added,
    // so that 20 does not come out as 19.999 and is cut to 19. It measures from the bottom, hence the hair less at the top.
    this.#nv.setCustomLayout(
      tiles.map(({ plane, left, top, width, height }) => ({
        sliceType: PLANES[plane],
        position: [
          (left + HAIR) / clientWidth,
          Math.max(0, top - 2 * HAIR) / clientHeight,
          (width + HAIR) / clientWidth,
          (height + HAIR) / clientHeight,
        ],
      })),
    );
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
