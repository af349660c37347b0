// Recipes beside the one that is shown: of the same shape, but observed, with every structure, or its uncertainty. Canonical, as
// app/recipe.py writes them, so that the cache knows them. Pure functions of the recipe and of what is known of the atlas.

const ORDER = ["atlas", "show", "shape", "structures", "z_s", "value"];
const N_SAMPLES = 16;
const SEED = 1;

/** A recipe's fields, by key. */
export const fieldsOf = (recipe) => Object.fromEntries(recipe.split(";").map((field) => [field.slice(0, field.indexOf("=")), field.slice(field.indexOf("=") + 1)]));

/** The recipe of some fields; what is empty is left out. */
export const recipeOf = (fields) => ORDER.filter((key) => fields[key]).map((key) => `${key}=${fields[key]}`).join(";");

/** "observed", "reconstructed" or "predicted". */
export const kindOf = (recipe) => fieldsOf(recipe).show;

/** The cell whose shape is shown, as a row of the atlas; null where it is no cell's. */
export function rowOf(recipe, facts) {
  const { shape } = fieldsOf(recipe);
  if (!shape.startsWith("cell:")) return null;
  const row = facts.cells.indexOf(decodeURIComponent(shape.slice("cell:".length)));
  return row < 0 ? null : row;
}

/** Its structures, as a recipe names them. */
export function genesOf(recipe, facts) {
  const { structures, shape } = fieldsOf(recipe);
  if (structures) return structures.split(",");
  if (isOwn(shape)) return ownGenes(shape, facts);
  return [facts.genes[facts.structure[rowOf(recipe, facts)]]];
}

/** Whether a shape is that of a cell somebody brought along. */
export const isOwn = (shape) => shape.startsWith("own:");

/** What a cell brought along is taken for; every structure where none was imaged in it. */
function ownGenes(shape, facts) {
  const y = shape.split(":")[5]?.split(",").map(Number);
  return y ? [facts.genes[y.indexOf(Math.max(...y))]] : facts.genes;
}

const predicted = (recipe, genes) => {
  const { atlas, shape, z_s } = fieldsOf(recipe);
  return { atlas, show: "predicted", shape, structures: genes.join(), z_s };
};

/** The structures that are shown, predicted in another shape. */
export const inShape = (recipe, shape, facts) => recipeOf({ ...predicted(recipe, genesOf(recipe, facts)), shape });

/** Every structure of the atlas in this shape. */
export const withAllStructures = (recipe, facts) => recipeOf(predicted(recipe, facts.genes));

/** Standard deviation of its structures over draws of z_s, and of how many. */
export function uncertaintyOf(recipe, facts) {
  const genes = genesOf(recipe, facts);
  const n_samples = Math.min(N_SAMPLES, Math.floor(facts.uncertainty.max_samples / genes.length));
  return { n_samples, recipe: recipeOf({ ...predicted(recipe, genes), z_s: undefined, value: `sd:${n_samples}:${SEED}` }) };
}

/** The cell observed, reconstructed and predicted with its own structure; null for what is not there. */
export function comparisonOf(recipe, facts) {
  const { atlas, shape } = fieldsOf(recipe);
  const row = rowOf(recipe, facts);
  if (isOwn(shape)) {
    const observed = recipeOf({ atlas, show: "observed", shape });
    return {
      observed: facts.brought?.some(({ recipe: brought }) => brought === observed) ? observed : null,
      reconstructed: shape.split(":").length > 3 ? recipeOf({ atlas, show: "reconstructed", shape }) : null,
      predicted: recipeOf(predicted(recipe, ownGenes(shape, facts))),
    };
  }
  if (row === null) return { observed: null, reconstructed: null, predicted: recipeOf({ ...predicted(recipe, genesOf(recipe, facts)), value: "" }) };
  return {
    observed: facts.observed.includes(row) ? recipeOf({ atlas, show: "observed", shape }) : null,
    reconstructed: recipeOf({ atlas, show: "reconstructed", shape }),
    predicted: recipeOf(predicted(recipe, [facts.genes[facts.structure[row]]])),
  };
}
