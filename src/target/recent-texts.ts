/** A set that forgets what was asked for longest ago, and takes no text beyond a length. */
export class RecentTexts {
  private readonly texts = new Set<string>();

  constructor(
    private readonly maxTexts: number,
    private readonly maxLength: number,
  ) {}

  has(text: string): boolean {
    if (!this.texts.delete(text)) return false;
    this.texts.add(text);
    return true;
  }

  add(text: string): void {
    if (text.length > this.maxLength) return;
    this.texts.delete(text);
    this.texts.add(text);
    if (this.texts.size <= this.maxTexts) return;
    const [oldest] = this.texts;
    this.texts.delete(oldest);
  }
}
