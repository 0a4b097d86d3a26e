/** Texts of charts. */
export const charts = {
  epoch: 'epoch',
  epochNumber: (epoch: number) => `Epoch ${epoch}`,
  showTable: 'Show as table',
  showChart: 'Show as chart',
  tableKey: 'D',
  tableOf: (title: string) => `${title}, as a table`,
  menu: (title: string) => `Save or show "${title}" otherwise`,
  savePng: 'Save picture (PNG)',
  saveSvg: 'Save picture (SVG)',
  saveCsv: 'Save data (CSV)',
  noData: 'Nothing to draw yet.',
  cursor: (title: string) => `${title}: epoch to look at`,
  at: (epoch: number, values: readonly string[]) => `Epoch ${epoch}: ${values.join(', ')}`,
  value: (name: string, value: string) => `${name} ${value}`,
  describe: (title: string, values: readonly string[]) =>
    values.length === 0 ? `${title}. Nothing yet.` : `${title}. ${values.join('. ')}.`,
  trend: (name: string, first: string, last: string, epoch: number) =>
    `${name}: from ${first} to ${last} at epoch ${epoch}`,
  reference: (label: string, value: string) => `Line: ${label}, ${value}`,
  branch: { text: 'Text branch', image: 'Image branch' },
  layer: 'layer',
  layerNumber: (layer: number) => `Layer ${layer}`,
  length: 'length',
  lengthNumber: (length: number) => `Prompt length ${length}`,
  chosen: 'chosen',
  undecided: 'undecided',
  undecidedMark: '?',
  views: { weights: 'Weights β', alpha: 'Raw α', margin: 'Margin' },
  /** "Text branch, epoch 41: layer 3 chooses 6, weight 0.94" */
  layerChoice: (
    branch: string,
    epoch: number,
    layer: number,
    length: number,
    weight: string,
    open: boolean,
  ) =>
    `${branch}, epoch ${epoch}: layer ${layer} chooses ${length}, weight ${weight}${open ? ', undecided' : ''}`,
  cell: (layer: number, length: number, value: string, chosen: boolean, open: boolean) =>
    `Layer ${layer}, length ${length}: ${value}${chosen ? (open ? ', chosen, undecided' : ', chosen') : ''}`,
  lengths: (branch: string, lengths: readonly number[]) => `${branch}: ${lengths.join(', ')}`,
  csv: {
    branch: 'branch',
    layer: 'layer',
    length: 'length',
    alpha: 'alpha',
    weight: 'weight',
    epoch: 'epoch',
  },
}
