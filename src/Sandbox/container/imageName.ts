const part = "[a-z0-9]+(?:(?:\\.|__?|-+)[a-z0-9]+)*"
const host = "[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?"
const reference = new RegExp(
  `^(?:${host}/)?${part}(?:/${part})*(?::[A-Za-z0-9_][\\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$`
)
const longest = 255

/** Whether a text can be an image's name or id (github.com/distribution/reference). It goes into the path of a request to an engine. */
export const isImageName = (text: string): boolean => text.length <= longest && reference.test(text)
