/** How the whole graph is shown, with room at the sides for the lines that go round boxes. */
export const FIT = { padding: { x: '44px', y: '24px' }, maxZoom: 1 } as const;
