/** Gives back what was opened step by step, the last first, however far it came. */
export class Resources implements AsyncDisposable {
  private readonly opened: (AsyncDisposable | Disposable)[] = [];

  use<Resource extends AsyncDisposable | Disposable>(resource: Resource): Resource {
    this.opened.push(resource);
    return resource;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const resource of this.opened.splice(0).reverse()) {
      if (Symbol.asyncDispose in resource) await resource[Symbol.asyncDispose]();
      else resource[Symbol.dispose]();
    }
  }
}
