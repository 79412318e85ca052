/** What bad evidence raises; everything else that is thrown is a bug. */

/** Bytes that do not have the form they must have; the message is an English sentence without a full stop. */
export class FormatError extends Error {
  override readonly name = "FormatError";
}

/** Return what *action* gives, or its `FormatError`; other errors pass. */
export async function attempt<T>(action: () => T | Promise<T>): Promise<T | FormatError> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
}
