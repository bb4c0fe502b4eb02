import assert from "node:assert/strict";
import { test } from "node:test";

import { MessageReader, type Message } from "../../src/sse.js";

const STREAM =
  "id: 41\nretry: 1873\n\n" +
  'event: task.created\r\ndata: {"title":"Café"}\r\nid: 41.7\r\n\r\n' +
  ": ping\n\ndata:one\ndata: two\nid: 42\n\ndata: unfinished";

const MESSAGES = [
  { id: "41.7", data: '{"title":"Café"}' },
  { id: "42", data: "one\ntwo" },
];

test("messages are read however the bytes are cut", () => {
  const bytes = new TextEncoder().encode(STREAM);
  for (const size of [1, 2, 3, 7, bytes.length]) {
    const reader = new MessageReader();
    const read: Message[] = [];
    for (let start = 0; start < bytes.length; start += size) {
      read.push(...reader.read(bytes.slice(start, start + size)));
    }
    assert.deepEqual(read, MESSAGES, `in pieces of ${size}`);
  }
});

test("the id of a block without data counts for the next message", () => {
  const bytes = new TextEncoder().encode("id: 41\n\ndata: x\n\n");
  assert.deepEqual([...new MessageReader().read(bytes)], [{ id: "41", data: "x" }]);
});
