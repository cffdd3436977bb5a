/** The price of everything in the basket, in cents. */
export const total = (items) => items.reduce((sum, { price, quantity }) => sum + price * quantity, 0)
