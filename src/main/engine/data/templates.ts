/** What stands for the class name in a template. */
const PLACE = '{}'

/** The words CLIP reads for a class: its name, with spaces for `_`, in the template's place. */
export function fillTemplate(template: string, className: string): string {
  return template.replaceAll(PLACE, () => className.replaceAll('_', ' '))
}

/** Whether a template has a place for the class name. */
export function isTemplate(text: string): boolean {
  return text.includes(PLACE)
}

export const defaultTemplate = 'a photo of a {}.'

/** The templates that suit the images of a data set. */
export interface DatasetTemplates {
  /** as published for zero-shot CLIP and CoOp */
  readonly template: string
  /** with what kind of thing it is in front, as in ProGrad and the released code's `custom` text */
  readonly front: string
}

/** Templates of the data sets of the published experiments, by their names there. */
export const datasetTemplates: Readonly<Record<string, DatasetTemplates>> = {
  Caltech101: { template: defaultTemplate, front: defaultTemplate },
  DescribableTextures: { template: '{} texture.', front: 'a texture of {}.' },
  EuroSAT: alike('a centered satellite photo of {}.'),
  FGVCAircraft: {
    template: 'a photo of a {}, a type of aircraft.',
    front: 'a type of aircraft, a photo of a {}.',
  },
  Food101: { template: 'a photo of {}, a type of food.', front: 'a type of food, a photo of {}.' },
  ImageNet: alike(defaultTemplate),
  OxfordFlowers: {
    template: 'a photo of a {}, a type of flower.',
    front: 'a type of flower, a photo of a {}.',
  },
  OxfordPets: { template: 'a photo of a {}, a type of pet.', front: 'a type of pet, a photo of a {}.' },
  StanfordCars: alike(defaultTemplate),
  SUN397: alike(defaultTemplate),
  UCF101: alike('a photo of a person doing {}.'),
}

function alike(template: string): DatasetTemplates {
  return { template, front: template }
}

/** OpenAI's choice of seven that do nearly as well as all eighty. */
export const bestTemplates: readonly string[] = [
  'itap of a {}.',
  'a bad photo of the {}.',
  'a origami {}.',
  'a photo of the large {}.',
  'a {} in a video game.',
  'art of the {}.',
  'a photo of the small {}.',
]

/**
 * The sixty templates of the released code: the first sixty of OpenAI's eighty for ImageNet, in their order, with the
 * default in front.
 */
export const ensembleTemplates: readonly string[] = [
  defaultTemplate,
  'a bad photo of a {}.',
  'a photo of many {}.',
  'a sculpture of a {}.',
  'a photo of the hard to see {}.',
  'a low resolution photo of the {}.',
  'a rendering of a {}.',
  'graffiti of a {}.',
  'a bad photo of the {}.',
  'a cropped photo of the {}.',
  'a tattoo of a {}.',
  'the embroidered {}.',
  'a photo of a hard to see {}.',
  'a bright photo of a {}.',
  'a photo of a clean {}.',
  'a photo of a dirty {}.',
  'a dark photo of the {}.',
  'a drawing of a {}.',
  'a photo of my {}.',
  'the plastic {}.',
  'a photo of the cool {}.',
  'a close-up photo of a {}.',
  'a black and white photo of the {}.',
  'a painting of the {}.',
  'a painting of a {}.',
  'a pixelated photo of the {}.',
  'a sculpture of the {}.',
  'a bright photo of the {}.',
  'a cropped photo of a {}.',
  'a plastic {}.',
  'a photo of the dirty {}.',
  'a jpeg corrupted photo of a {}.',
  'a blurry photo of the {}.',
  'a photo of the {}.',
  'a good photo of the {}.',
  'a rendering of the {}.',
  'a {} in a video game.',
  'a photo of one {}.',
  'a doodle of a {}.',
  'a close-up photo of the {}.',
  'the origami {}.',
  'the {} in a video game.',
  'a sketch of a {}.',
  'a doodle of the {}.',
  'a origami {}.',
  'a low resolution photo of a {}.',
  'the toy {}.',
  'a rendition of the {}.',
  'a photo of the clean {}.',
  'a photo of a large {}.',
  'a rendition of a {}.',
  'a photo of a nice {}.',
  'a photo of a weird {}.',
  'a blurry photo of a {}.',
  'a cartoon {}.',
  'art of a {}.',
  'a sketch of the {}.',
  'a embroidered {}.',
  'a pixelated photo of a {}.',
  'itap of the {}.',
]
