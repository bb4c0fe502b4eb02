import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { SERVER } from "./server.js";

/** What to do with an answer that the server has given. */
export type Fate = "deliver" | "lose";

/** A bad line to the server: loses answers to requests that were done, and breaks connections. */
export class Proxy {
  readonly #server: Server;
  readonly #open = new Set<ServerResponse>();
  #gate: Promise<void> = Promise.resolve();

  /** Decides about each answer. */
  fate: (request: IncomingMessage) => Fate = () => "deliver";

  private constructor() {
    this.#server = createServer((given, answer) => void this.#relay(given, answer));
  }

  static async start(): Promise<Proxy> {
    const proxy = new Proxy();
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Lose the next answers to writes. */
  loseAnswers(count: number): void {
    let left = count;
    this.fate = ({ method }) => (method !== "GET" && left-- > 0 ? "lose" : "deliver");
  }

  /** Hold requests back until the function that is returned is called. */
  hold(): () => void {
    let release = () => {};
    this.#gate = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  }

  /** Break all connections, in the midst of what they carry. */
  cut(): void {
    for (const answer of this.#open) {
      answer.destroy();
    }
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #relay(given: IncomingMessage, answer: ServerResponse): Promise<void> {
    this.#open.add(answer);
    await this.#gate;
    const { method, headers } = given;
    const passed = request(`${SERVER}${given.url}`, { method, headers, agent: false }, (back) => {
      if (this.fate(given) === "lose") {
        answer.destroy(); // The server answers when it has committed.
      } else {
        answer.writeHead(back.statusCode ?? 502, back.headers);
        back.pipe(answer);
        answer.flushHeaders();
      }
    });
    passed.on("error", () => answer.destroy());
    answer.on("close", () => {
      this.#open.delete(answer);
      passed.destroy();
    });
    given.pipe(passed);
  }
}
