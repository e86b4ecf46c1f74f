/** Whether backups can be kept there: in a folder, or at `s3://bucket/path`. */
export function isBackupPlace(location: string): boolean {
  // A mistyped or unknown kind of place must not become a folder of that name.
  return location.startsWith('s3://') || !/^(?:s3:|[a-z][a-z0-9+.-]*:\/\/)/i.test(location);
}
