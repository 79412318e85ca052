/**
 * Work for helpers: workers of the browser that run the page's own script and each do one thing at a time.
 *
 * What a helper answers is exactly what whoever asks would find; where none can be had, or one fails, the answer is
 * left out, so that he finds out why.
 */

/** More would want more memory than they save time. */
const MOST_HELPERS = 4;
/** Milliseconds without a word after which nothing more is expected of a helper; slow disks need some. */
const PATIENCE = 120_000;

/** What is asked of a helper. */
interface Question {
  readonly work: string;
  readonly file: Blob;
}

/** What a helper says: that it read *bytes* more, or that it is done, with its beginning or with what was asked. */
type Said = { readonly bytes: number } | { readonly done: true; readonly answer?: unknown };

interface Asked {
  readonly question: Question;
  readonly onBytes: (count: number) => void;
  readonly tell: (answer: unknown) => void;
}

/** What helpers can do, by name: *file* is looked at, *onBytes* hears how many bytes were read each time. */
export interface Works {
  readonly [work: string]: (file: Blob, onBytes: (count: number) => void) => Promise<unknown>;
}

/** Helpers, and what is asked of them, first come, first served. */
export class Helpers<Known extends Works> {
  private readonly address: string;
  private readonly all: Worker[] = [];
  private begun = false;
  private readonly idle: Worker[] = [];
  private readonly busy = new Map<Worker, Asked>();
  private readonly waiting: Asked[] = [];
  private readonly patience = new Map<Worker, ReturnType<typeof setTimeout>>();

  /** They run *script*, a module that imports nothing and calls `help`, and begin when something is asked. */
  constructor(script: string) {
    // Browsers refuse to begin modules from pages that lie on the disk.
    this.address = URL.createObjectURL(new Blob([`(async () => {${script}\n})();`], { type: "text/javascript" }));
  }

  /** Return what *work* finds of *file*, undefined when no helper can say. */
  ask<Work extends keyof Known & string>(
    work: Work,
    file: Blob,
    onBytes: (count: number) => void = () => undefined,
  ): Promise<Awaited<ReturnType<Known[Work]>> | undefined> {
    return new Promise((resolve) => {
      const tell = (answer: unknown): void => resolve(answer as Awaited<ReturnType<Known[Work]>> | undefined);
      this.waiting.push({ question: { work, file }, onBytes, tell });
      if (!this.begun) this.beginAll();
      this.handOut();
    });
  }

  /** End them all; whoever still waits gets no answer. */
  end(): void {
    for (const worker of [...this.all]) this.lose(worker);
    URL.revokeObjectURL(this.address);
  }

  private beginAll(): void {
    this.begun = true;
    const count = Math.min(MOST_HELPERS, navigator.hardwareConcurrency);
    try {
      while (this.all.length < count) this.all.push(this.begin());
    } catch (error) {
      if (!(error instanceof DOMException)) throw error; // nobody may help here
    }
  }

  private begin(): Worker {
    const worker = new Worker(this.address);
    worker.onmessage = ({ data }: MessageEvent<Said>) => this.hear(worker, data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.lose(worker);
    };
    this.expect(worker);
    return worker;
  }

  /** Do without a helper that says nothing for too long: not every end of one is told. */
  private expect(worker: Worker): void {
    clearTimeout(this.patience.get(worker));
    this.patience.set(worker, setTimeout(() => this.lose(worker), PATIENCE));
  }

  private handOut(): void {
    while (this.waiting.length > 0 && this.idle.length > 0) {
      const [worker, asked] = [this.idle.pop() as Worker, this.waiting.shift() as Asked];
      this.busy.set(worker, asked);
      worker.postMessage(asked.question);
      this.expect(worker);
    }
    if (this.all.length === 0) for (const { tell } of this.waiting.splice(0)) tell(undefined);
  }

  private hear(worker: Worker, said: Said): void {
    const asked = this.busy.get(worker);
    if ("bytes" in said) {
      this.expect(worker);
      return asked?.onBytes(said.bytes);
    }
    clearTimeout(this.patience.get(worker));
    this.busy.delete(worker);
    this.idle.push(worker);
    asked?.tell(said.answer);
    this.handOut();
  }

  private lose(worker: Worker): void {
    worker.terminate();
    clearTimeout(this.patience.get(worker));
    this.patience.delete(worker);
    for (const list of [this.all, this.idle]) if (list.includes(worker)) list.splice(list.indexOf(worker), 1);
    this.busy.get(worker)?.tell(undefined);
    this.busy.delete(worker);
    this.handOut();
  }
}

/** In a worker: answer what is asked with *works*. */
export function help(works: Works): void {
  const say = (said: Said): void => postMessage(said);
  globalThis.onmessage = async ({ data: { work, file } }: MessageEvent<Question>) => {
    try {
      say({ done: true, answer: await works[work]?.(file, (bytes) => say({ bytes })) });
    } catch {
      say({ done: true }); // whoever asked does it himself, and is told what is wrong
    }
  };
  say({ done: true });
}
