/** The server's clock at one instant, as texts `YYYY-MM-DD HH:MM:SS.ffffff`. */
export interface SourceClock {
  readonly utc: string;
  /** The later of UTC and the server's own time zone: DATETIME values may be in either. */
  readonly latest: string;
  /** How far the server's time zone is set back in autumn: DATETIME values of it repeat then. */
  readonly daylightSeconds: number;
}
