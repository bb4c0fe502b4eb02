/** A message of a stream of server-sent events: its data, and the id to resume after it. */
export interface Message {
  readonly id: string;
  readonly data: string;
}

/**
 * Reads the bytes of a stream of server-sent events (HTML standard, section 9.2), however they are cut.
 *
 * Lines end with a line feed, after a carriage return or not. A block without data gives no message, but
 * its id counts for the next.
 */
export class MessageReader {
  readonly #decoder = new TextDecoder();
  #rest = "";
  #id = "";
  #data: string[] = [];

  /** The messages that are complete with these bytes. */
  *read(bytes: Uint8Array): Generator<Message> {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      const message = this.#take(line.replace(/\r$/, ""));
      if (message !== null) yield message;
    }
  }

  #take(line: string): Message | null {
    if (line === "") {
      const data = this.#data;
      this.#data = [];
      return data.length > 0 ? { id: this.#id, data: data.join("\n") } : null;
    }
    const [, name, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === "data") this.#data.push(value);
    if (name === "id") this.#id = value;
    return null;
  }
}
