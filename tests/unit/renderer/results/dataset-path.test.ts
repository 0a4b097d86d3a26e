import { expect, it } from 'vitest'
import { pathInDataset } from '../../../../src/renderer/src/components/results/dataset-path.ts'

it('knows pictures by their path below the folder of the dataset', () => {
  expect(pathInDataset('cat/1.png', '/pictures')).toBe('cat/1.png')
  expect(pathInDataset('/pictures/cat/1.png', '/pictures')).toBe('cat/1.png')
  expect(pathInDataset('C:\\pictures\\cat\\1.png', 'C:\\pictures\\')).toBe('cat/1.png')
  expect(pathInDataset('/elsewhere/cat/1.png', '/pictures')).toBeNull()
  expect(pathInDataset('/pictures-2/cat/1.png', '/pictures')).toBeNull()
})
