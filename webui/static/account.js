// One's own password.

import { byId, send } from "./shared.js";

byId("password-form")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = Object.fromEntries(new FormData(event.target));
  if (await send("PUT", "/api/session/password", fields)) location.assign("/login");
});
