// The few icons there are, drawn on a 24-pixel grid. They say nothing by themselves: their button has the name.

const PATHS = {
  plus: "M12 5v14M5 12h14",
  hash: "M9 4 7 20M17 4l-2 16M4 9h16M3 15h16",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  smile: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M8.5 14.5a4.5 4.5 0 0 0 7 0M9 9.5v.2M15 9.5v.2",
  letters: "M2.5 18.5 8 5.5l5.5 13M4.4 14h7.2M20.5 11v7.5M20.5 14.8a3 3.7 0 1 1-6 0 3 3.7 0 0 1 6 0",
  pencil: "M4 20l1-4.5L16 4.5a2 2 0 0 1 2.9 0l.6.6a2 2 0 0 1 0 2.9L8.5 19z",
  trash: "M4 7h16M9.5 7V4.5h5V7M6.5 7l1 13h9l1-13M10.5 11v5M13.5 11v5",
  people: "M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M2.5 20a6.5 6.5 0 0 1 13 0M16 5a3.5 3.5 0 0 1 0 6.5M18.5 14.5A6.5 6.5 0 0 1 21.5 20",
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6 6 18",
  send: "M4 12 20 4.5 14.5 20l-3-6.5zM11.5 13.5 20 4.5",
  up: "M12 19V5M6 11l6-6 6 6",
  down: "M12 5v14M6 13l6 6 6-6",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  thread: "M4 5h16v10H11l-4 4v-4H4zM8 9h8M8 12h5",
  unread: "M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10M12 3v1M12 20v1",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 7v5l3.5 2",
  newLine: "M19 5v7H6M10 8l-4 4 4 4",
  compass: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M15.5 8.5l-2 5-5 2 2-5z",
  compose: "M12 5H5v14h14v-7M10 14l.5-2.5L18 4l2 2-7.5 7.5z",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M15.5 15.5 20 20",
  bell: "M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15zM10 20.5a2 2 0 0 0 4 0",
  bellOff: "M7 8.500A6 6 0 0 1 18 11v4M6 11v5.500L4.500 18H16M10 20.500a2 2 0 0 0 4 0M4 4l16 16",
  info: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 11v5M12 7.800v.2",
  keyboard: "M3 6h18v12H3zM7 10h.2M11 10h.2M15 10h.2M8 14.500h8",
  sliders: "M4 7h9M19 7h1M4 17h1M11 17h9M13 4.5h6v5h-6zM5 14.5h6v5H5z",
  person: "M12 11.5a3.75 3.75 0 1 0 0-7.5 3.75 3.75 0 0 0 0 7.5M4.5 20.5a7.5 7.5 0 0 1 15 0",
  leave: "M14 4H5v16h9M10 12h10M16 8l4 4-4 4",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
