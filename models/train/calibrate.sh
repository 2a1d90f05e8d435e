#!/bin/sh
# Fit models/calibration.toml to the models at hand, on rendered scenes of cards that no training saw.
# About twenty minutes on one core, most of it rendering.
#
#   models/train/calibrate.sh [DATA [WORK]]      DATA holds cards.csv, photos.csv and their pictures
set -eu
cd "$(dirname "$0")/../.."
data=${1:-../shared/data}
work=${2:-models/train/work/calibration}
counterscan=.venv/bin/counterscan
[ -f "$data/cards.csv" ] || {
    echo "calibrate.sh: $data has no cards.csv; name the folder with the pictures" >&2
    exit 2
}
mkdir -p "$work"
rm -f "$work/scenes.jsonl"
games="onepiece netrunner yugioh pokemon_pocket"
for game in $games; do
    # The catalog, the cards to be shown, and the catalog without them: what a stranger looks like.
    .venv/bin/python -m models.train.facts --data "$data" --work "$work" --game "$game" \
        --out "$work/$game.csv" --held-out "$work/$game-held.csv" --without "$work/$game-without.csv"
    for pack in "$game" "$game-without"; do
        rm -rf "${work:?}/$pack"
        "$counterscan" catalog build --game "$game" --pictures "$data" --facts "$work/$pack.csv" --out "$work/$pack"
    done
done
other=pokemon_pocket
for game in $games; do
    for part in "fit 60 1" "test 45 2"; do
        # shellcheck disable=SC2086 # three words on purpose
        set -- $part
        "$counterscan" bench calibration --pack "$work/$game" --absent-pack "$work/$game-without" \
            --pictures-from "$work/$game-held.csv" --others "$work/$other-held.csv" --pictures "$data" \
            --part "$1" --count "$2" --seed "$3" --difficulty moderate hard --out "$work/scenes.jsonl"
    done
    other=$game
done
.venv/bin/python -m models.train.calibrate "$work/scenes.jsonl" --out models/calibration.toml
