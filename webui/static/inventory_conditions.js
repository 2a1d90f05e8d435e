// The conditions of a filter, in the language and the form that sort rules have.

import { byId } from "./shared.js";
import { buildGroup, useVocabulary } from "./rules_condition.js";

export function listenToConditions({ vocabulary, when }, ask) {
  useVocabulary(vocabulary);
  const group = buildGroup(when ?? { all: [] });
  byId("conditions").replaceChildren(group);
  byId("conditions-use").addEventListener("click", () => {
    const condition = group.readPart();
    const every = "all" in condition && !condition.all.length;
    byId("when").value = every ? "" : JSON.stringify(condition);
    ask();
  });
}
