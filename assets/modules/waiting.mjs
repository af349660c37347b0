// Recipes whose volumes are waited for. What is no longer among them is given up, so that the server need not decode it.

export class Waiting {
  #volumes;
  #recipes = [];

  /** @param {Volumes} volumes */
  constructor(volumes) {
    this.#volumes = volumes;
  }

  /** The volumes of some recipes, null for null. Those that were waited for before and are not among them are given up. */
  for(recipes) {
    for (const old of this.#recipes) if (!recipes.includes(old)) this.#volumes.giveUp(old);
    this.#recipes = recipes.filter(Boolean);
    return Promise.all(recipes.map((recipe) => recipe && this.#volumes.get(recipe)));
  }
}
