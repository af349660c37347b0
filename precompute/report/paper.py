"""What the paper printed, to stand beside: Johnson, Donovan-Maiye and Maleckar, arXiv 1705.00092.

The order of rows and columns is that of its Tables S9 to S11, which is model.vocabulary.PAPER_STRUCTURES.
"""

import numpy as np
import pandas as pd

from model.vocabulary import PAPER_STRUCTURES

GENES = [structure.gene for structure in PAPER_STRUCTURES]

# Table S9: cells for training and for testing.
TABLE_S9 = pd.DataFrame(
    {
        "train": [446, 3035, 1429, 2326, 884, 4028, 138, 1382, 1742, 4128, 217],
        "test": [47, 345, 174, 236, 104, 437, 19, 162, 221, 450, 17],
    },
    index=GENES,
)

# Table S10: inception scores; the last row is all classes together.
TABLE_S10 = pd.DataFrame(
    [
        [44.29, 34.904, 44.252, 36.209, 28.316, 32.082],
        [6.509, 6.42, 6.509, 6.524, 6.319, 6.21],
        [13.824, 11.929, 13.822, 12.434, 12.47, 11.684],
        [8.493, 9.228, 8.492, 8.732, 7.48, 8.273],
        [22.347, 20.904, 22.347, 20.899, 22.07, 21.168],
        [4.904, 5.05, 4.904, 5.02, 4.915, 5.068],
        [143.138, 41.747, 143.106, 25.608, 31.333, 18.535],
        [14.294, 13.106, 14.294, 12.867, 13.223, 12.808],
        [11.34, 9.687, 11.34, 9.843, 11.103, 9.884],
        [4.786, 4.869, 4.786, 4.892, 4.788, 4.877],
        [91.031, 83.076, 91.008, 54.921, 13.355, 11.081],
        [8.085, 7.876, 8.085, 7.823, 7.493, 7.561],
    ],
    index=[*GENES, "all"],
    columns=pd.MultiIndex.from_product([("data", "reconstructed", "generated"), ("train", "test")]),
)

# Table S11: rows true, columns predicted, held-out cells.
TABLE_S11 = np.array(
    [
        [36, 0, 4, 1, 0, 0, 5, 1, 0, 0, 0],
        [1, 330, 5, 1, 2, 2, 1, 0, 2, 1, 0],
        [3, 9, 160, 1, 0, 0, 1, 0, 0, 0, 0],
        [0, 0, 0, 229, 0, 0, 0, 4, 0, 0, 3],
        [0, 0, 0, 0, 104, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 434, 0, 1, 0, 2, 0],
        [4, 0, 0, 5, 0, 0, 7, 0, 0, 0, 3],
        [0, 0, 0, 6, 0, 0, 0, 156, 0, 0, 0],
        [0, 2, 0, 0, 0, 0, 0, 0, 218, 1, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 1, 449, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 17],
    ]
)

# Section 3.4.5 and Fig. S7: in mitosis more (-1: a smaller score) or less (+1) variation than in interphase.
MITOSIS_SIGN = {"LMNB1": -1, "FBL": -1, "ST6GAL1": -1, "TOMM20": -1, "TUBA1B": 1}

# The cells of its annotated stages (section 3.4.5 names 7,592 cells in all; the counts are those of the published table).
STAGE_COUNTS = {
    "interphase": 6994,
    "prophase": 46,
    "prophase 2": 30,
    "prometaphase 1": 46,
    "prometaphase 2": 98,
    "metaphase": 53,
    "anaphase": 71,
    "telophase-cytokinesis": 254,
}
VARIATION_N, N_GENERATED = 1000, 2000  # draws of Algorithm 4; cells generated a class for Fig. S6b
EPOCHS = {"r": 150, "rs": 150}  # of the reference and the conditional model (section 3.3)
