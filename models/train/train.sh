#!/bin/sh
# Make the models again on a CPU, from a folder of reference pictures: about six hours on two cores.
# The reader needs the open fonts that models/README.md names.
#
#   models/train/train.sh [DATA]      DATA holds cards.csv, photos.csv and their pictures
#
# A run that is stopped goes on from its last checkpoint in models/train/work when started again.
set -eu
cd "$(dirname "$0")/../.."
data=${1:-../shared/data}
work=models/train/work
venv=.venv-train
[ -f "$data/cards.csv" ] || {
    echo "train.sh: $data has no cards.csv; name the folder with the pictures: make train ARGS=DIR" >&2
    exit 2
}
if [ ! -x "$venv/bin/python" ]; then
    .venv/bin/python -m venv "$venv"
    "$venv/bin/pip" install --quiet -r models/train/requirements.txt
fi
python=$venv/bin/python
mkdir -p "$work"
# Each net is trained twice: the second time from what the first gave, on harder views.
"$python" -m models.train.embedder_train --data "$data" --work "$work" --samples "${SAMPLES:-372000}"
"$python" -m models.train.embedder_export --data "$data" --work "$work" --out models/embedder.tflite
cp models/embedder.tflite "$work/embedder-first.tflite"
mkdir -p "$work/second"
ln -sf ../pixels.npy ../cards.csv "$work/second/"
"$python" -m models.train.embedder_train --data "$data" --work "$work/second" \
    --start "$work/embedder-first.tflite" --samples "${MORE_SAMPLES:-230000}" \
    --rate 1e-3 --pairs 28 --strength 1.1 --seed 11
"$python" -m models.train.embedder_export --data "$data" --work "$work/second" --out models/embedder.tflite
"$python" -m models.train.locator_train --data "$data" --work "$work/locator" --cache "$work" \
    --out models/locator.tflite --minutes "${MINUTES:-87}" --seed 1
cp models/locator.tflite "$work/locator-first.tflite"
"$python" -m models.train.locator_train --data "$data" --work "$work/locator-second" --cache "$work" \
    --start "$work/locator-first.tflite" --out models/locator.tflite \
    --minutes "${MORE_MINUTES:-75}" --rate 1.5e-3 --seed 3
"$python" -m models.train.edges_train --data "$data" --work "$work/edges" --cache "$work" \
    --out models/edges.tflite --minutes "${EDGES_MINUTES:-57}" --seed 5
"$python" -m models.train.reader_train --data "$data" --work "$work/reader" --out models/reader.tflite \
    --minutes "${READER_MINUTES:-38}" --seed 1
models/train/calibrate.sh "$data"
