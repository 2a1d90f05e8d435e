#!/bin/sh
# Make the models again on a CPU, from a folder of reference pictures: about three hours on two cores.
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
"$python" -m models.train.embedder_train --data "$data" --work "$work" --samples "${SAMPLES:-372000}"
"$python" -m models.train.embedder_export --data "$data" --work "$work" --out models/embedder.tflite
"$python" -m models.train.locator_train --data "$data" --work "$work/locator" --cache "$work" \
    --out models/locator.tflite --minutes "${MINUTES:-87}" --seed 1
"$python" -m models.train.reader_train --data "$data" --work "$work/reader" --out models/reader.tflite \
    --minutes "${READER_MINUTES:-28}" --seed 1
