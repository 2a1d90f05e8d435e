// The files of a drop, also those inside folders.

export async function filesOf(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files];
  const found = await Promise.all(entries.map(inside));
  return found.flat().sort((one, other) => one.name.localeCompare(other.name, undefined, { numeric: true }));
}

async function inside(entry) {
  if (entry.name.startsWith(".")) return [];
  if (entry.isFile) {
    return new Promise((resolve) => { entry.file((file) => resolve([file]), () => resolve([])); });
  }
  const reader = entry.createReader();
  const files = [];
  for (;;) { // a reader hands out a folder in parts, and an empty part at its end
    const part = await new Promise((resolve) => { reader.readEntries(resolve, () => resolve([])); });
    if (!part.length) return files;
    files.push(...(await Promise.all(part.map(inside))).flat());
  }
}
