import assert from "node:assert/strict";
import { test } from "node:test";

import { newId } from "../../src/ids.js";

test("ids are UUIDs of version 7 that begin with the time", () => {
  const before = Date.now();
  const id = newId();
  const after = Date.now();

  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const made = Number.parseInt(id.replace("-", "").slice(0, 12), 16);
  assert.ok(before <= made && made <= after);
});

test("ids differ", () => {
  const ids = new Set(Array.from({ length: 1000 }, newId));
  assert.equal(ids.size, 1000);
});
