import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  isStalled: boolean;
}

/** A way to a server that a test cuts, stalls and slows down. */
export class TcpProxy implements AsyncDisposable {
  private readonly links = new Set<Link>();
  private isOpen = true;
  private delayMs = 0;

  private constructor(
    private readonly listener: Server,
    private target: URL,
  ) {
    listener.on('connection', (client) => this.link(client));
  }

  /** `serverUrl`: such as `mysql://root@127.0.0.1:40001`. */
  static async open(serverUrl: string): Promise<TcpProxy> {
    const listener = createServer({ allowHalfOpen: true });
    const proxy = new TcpProxy(listener, new URL(serverUrl));
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return proxy;
  }

  /** The server's URL by way of the proxy. */
  get url(): string {
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String((this.listener.address() as AddressInfo).port);
    return url.href.replace(/\/$/, '');
  }

  get connections(): number {
    return this.links.size;
  }

  /** Ends every connection at once; with `refuse`, new ones as well until `restore`. */
  cut({ refuse = false } = {}): void {
    if (refuse) this.isOpen = false;
    for (const link of [...this.links]) this.drop(link);
  }

  /**
   * Lets nothing through the present connections any more, and nobody knows: neither side sees an
   * end, as when a machine has lost its power. New connections work.
   */
  stall(): number {
    const present = [...this.links].filter(({ isStalled }) => !isStalled);
    for (const link of present) {
      link.isStalled = true;
      for (const socket of [link.client, link.server]) socket.pause();
    }
    return present.length;
  }

  /** Holds back every piece of data for so long, in order. */
  slow(delayMs: number): void {
    this.delayMs = delayMs;
  }

  /** New connections are taken again, and nothing is held back; what was stalled ends. */
  restore(): void {
    this.isOpen = true;
    this.delayMs = 0;
    for (const link of [...this.links]) if (link.isStalled) this.drop(link);
  }

  /** New connections go to another server. */
  retarget(serverUrl: string): void {
    this.target = new URL(serverUrl);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut({ refuse: true });
    const closed = once(this.listener, 'close');
    this.listener.close();
    await closed;
  }

  private link(client: Socket): void {
    if (!this.isOpen) {
      client.destroy();
      return;
    }
    const server = connect({
      host: this.target.hostname,
      port: Number(this.target.port),
      allowHalfOpen: true,
    });
    const link: Link = { client, server, isStalled: false };
    this.links.add(link);
    this.forward(link, client, server);
    this.forward(link, server, client);
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', () => this.drop(link));
      socket.on('close', () => {
        // Whoever is stalled doesn't get to know.
        if (!link.isStalled) this.drop(link);
      });
    }
  }

  private forward(link: Link, from: Socket, to: Socket): void {
    let last: Promise<unknown> = Promise.resolve();
    const later = (send: () => void): void => {
      const { delayMs } = this;
      // From when it came, so that a stream is late but not slower.
      const due = delayMs === 0 ? null : delay(delayMs);
      last = Promise.all([last, due]).then(send);
    };
    let isFull = false;
    to.on('drain', () => {
      isFull = false;
      if (!link.isStalled) from.resume();
    });
    from.on('data', (bytes: Buffer) => {
      later(() => {
        if (to.destroyed || link.isStalled || to.write(bytes) || isFull) return;
        isFull = true;
        from.pause();
      });
    });
    from.on('end', () => later(() => void to.end()));
  }

  private drop(link: Link): void {
    if (!this.links.delete(link)) return;
    link.client.destroy();
    link.server.destroy();
  }
}
