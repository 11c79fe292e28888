package mailhtml

// What a property's value may be made of.
const (
	lengths = 1 << iota
	percents
	numbers
	colours
	commas
	slashes
	maths // calc(), min(), max()
)

// property says which values a CSS property takes. Bounds are in px or, for plain numbers, as they are.
type property struct {
	takes    int
	words    string  // keywords besides the CSS-wide ones
	most     int     // values at most; 0 means one
	least    float64 // lower bound; 0 forbids negative values
	greatest float64 // upper bound; 0 means maxCSSLength
	percent  float64 // upper bound of a percentage when above 100
	name     string  // the name it is printed under, when another
}

var wideKeywords = map[string]bool{"inherit": true, "initial": true, "unset": true}

const (
	lineStyles = "none hidden solid dashed dotted double groove ridge inset outset thin medium thick"
	sizeWords  = "auto none max-content min-content fit-content"
)

// properties is the whole of CSS that mail may use (font, font-family, background and background-image are in css.go).
// What positions outside the flow, draws above others, loads, animates or generates content is not in it and can't be written.
var properties = map[string]property{
	"color":            {takes: colours},
	"background-color": {takes: colours},
	"opacity":          {takes: numbers, greatest: 1},

	"font-size":    {takes: lengths | percents | maths, words: "xx-small x-small small medium large x-large xx-large smaller larger", greatest: 200, percent: 500},
	"font-style":   {words: "normal italic oblique"},
	"font-weight":  {takes: numbers, words: "normal bold bolder lighter", greatest: 1000},
	"font-variant": {words: "normal small-caps"},
	"font-stretch": {words: "normal condensed expanded semi-condensed semi-expanded"},

	"line-height":     {takes: lengths | percents | numbers, words: "normal", greatest: 400, percent: 500},
	"letter-spacing":  {takes: lengths, words: "normal", least: -5, greatest: 60},
	"word-spacing":    {takes: lengths, words: "normal", least: -5, greatest: 60},
	"text-align":      {words: "left right center justify start end -webkit-center -webkit-left -webkit-right"},
	"text-align-last": {words: "left right center justify start end auto"},
	// Hanging indents of word processors' lists are negative.
	"text-indent":           {takes: lengths | percents, least: -120, greatest: 400},
	"text-transform":        {words: "none uppercase lowercase capitalize"},
	"text-decoration":       {takes: colours, words: "none underline overline line-through solid dotted dashed double wavy", most: 4},
	"text-decoration-line":  {words: "none underline overline line-through", most: 3},
	"text-decoration-color": {takes: colours},
	"text-decoration-style": {words: "solid dotted dashed double wavy"},
	"text-overflow":         {words: "clip ellipsis"},
	"text-underline-offset": {takes: lengths, words: "auto", greatest: 40},
	"vertical-align":        {takes: lengths | percents, words: "baseline top middle bottom text-top text-bottom sub super", least: -60, greatest: 200},
	"white-space":           {words: "normal nowrap pre pre-wrap pre-line break-spaces"},
	"word-break":            {words: "normal break-all keep-all break-word"},
	"word-wrap":             {words: "normal break-word anywhere", name: "overflow-wrap"},
	"overflow-wrap":         {words: "normal break-word anywhere"},
	"hyphens":               {words: "none manual auto"},
	"direction":             {words: "ltr rtl"},

	"width":      {takes: lengths | percents | maths, words: sizeWords},
	"min-width":  {takes: lengths | percents | maths, words: sizeWords},
	"max-width":  {takes: lengths | percents | maths, words: sizeWords},
	"height":     {takes: lengths | percents | maths, words: sizeWords},
	"min-height": {takes: lengths | percents | maths, words: sizeWords},
	"max-height": {takes: lengths | percents | maths, words: sizeWords},
	"box-sizing": {words: "border-box content-box"},

	"padding":        {takes: lengths | percents, most: 4, greatest: 400},
	"padding-top":    {takes: lengths | percents, greatest: 400},
	"padding-right":  {takes: lengths | percents, greatest: 400},
	"padding-bottom": {takes: lengths | percents, greatest: 400},
	"padding-left":   {takes: lengths | percents, greatest: 400},
	"margin":         {takes: lengths | percents, words: "auto", most: 4, greatest: 400},
	"margin-top":     {takes: lengths | percents, words: "auto", greatest: 400},
	"margin-right":   {takes: lengths | percents, words: "auto", greatest: 400},
	"margin-bottom":  {takes: lengths | percents, words: "auto", greatest: 400},
	"margin-left":    {takes: lengths | percents, words: "auto", greatest: 400},

	"border":              {takes: lengths | colours, words: lineStyles, most: 3, greatest: 100},
	"border-top":          {takes: lengths | colours, words: lineStyles, most: 3, greatest: 100},
	"border-right":        {takes: lengths | colours, words: lineStyles, most: 3, greatest: 100},
	"border-bottom":       {takes: lengths | colours, words: lineStyles, most: 3, greatest: 100},
	"border-left":         {takes: lengths | colours, words: lineStyles, most: 3, greatest: 100},
	"border-width":        {takes: lengths, words: "thin medium thick", most: 4, greatest: 100},
	"border-top-width":    {takes: lengths, words: "thin medium thick", greatest: 100},
	"border-right-width":  {takes: lengths, words: "thin medium thick", greatest: 100},
	"border-bottom-width": {takes: lengths, words: "thin medium thick", greatest: 100},
	"border-left-width":   {takes: lengths, words: "thin medium thick", greatest: 100},
	"border-style":        {words: lineStyles, most: 4},
	"border-top-style":    {words: lineStyles},
	"border-right-style":  {words: lineStyles},
	"border-bottom-style": {words: lineStyles},
	"border-left-style":   {words: lineStyles},
	"border-color":        {takes: colours, most: 4},
	"border-top-color":    {takes: colours},
	"border-right-color":  {takes: colours},
	"border-bottom-color": {takes: colours},
	"border-left-color":   {takes: colours},

	"border-radius":              {takes: lengths | percents | slashes, most: 9, greatest: 400},
	"border-top-left-radius":     {takes: lengths | percents, most: 2, greatest: 400},
	"border-top-right-radius":    {takes: lengths | percents, most: 2, greatest: 400},
	"border-bottom-left-radius":  {takes: lengths | percents, most: 2, greatest: 400},
	"border-bottom-right-radius": {takes: lengths | percents, most: 2, greatest: 400},
	"border-collapse":            {words: "collapse separate"},
	"border-spacing":             {takes: lengths, most: 2, greatest: 200},
	"caption-side":               {words: "top bottom"},
	"empty-cells":                {words: "show hide"},
	"table-layout":               {words: "auto fixed"},

	"background-repeat":   {words: "repeat no-repeat repeat-x repeat-y round space", most: 2},
	"background-position": {takes: lengths | percents, words: "left right center top bottom", most: 4},
	"background-size":     {takes: lengths | percents, words: "auto cover contain", most: 2},

	"display": {words: "block inline inline-block none list-item table inline-table table-row table-cell table-row-group " +
		"table-header-group table-footer-group table-column table-column-group table-caption flex inline-flex flow-root"},
	"float":               {words: "none left right"},
	"clear":               {words: "none left right both"},
	"overflow":            {words: "visible hidden", most: 2},
	"overflow-x":          {words: "visible hidden"},
	"overflow-y":          {words: "visible hidden"},
	"visibility":          {words: "visible hidden collapse"},
	"list-style":          {words: listStyles, most: 2},
	"list-style-type":     {words: listStyles},
	"list-style-position": {words: "inside outside"},
	"object-fit":          {words: "fill contain cover none scale-down"},
	"aspect-ratio":        {takes: numbers | slashes, words: "auto", most: 4},

	"flex":            {takes: lengths | percents | numbers, words: "auto none", most: 3},
	"flex-direction":  {words: "row column row-reverse column-reverse"},
	"flex-wrap":       {words: "nowrap wrap"},
	"flex-grow":       {takes: numbers, greatest: 1000},
	"flex-shrink":     {takes: numbers, greatest: 1000},
	"flex-basis":      {takes: lengths | percents, words: "auto"},
	"justify-content": {words: "flex-start flex-end center space-between space-around space-evenly start end"},
	"align-items":     {words: "flex-start flex-end center baseline stretch start end"},
	"align-self":      {words: "auto flex-start flex-end center baseline stretch start end"},
	"gap":             {takes: lengths | percents, most: 2, greatest: 400},
	"row-gap":         {takes: lengths | percents, greatest: 400},
	"column-gap":      {takes: lengths | percents, greatest: 400},

	"page-break-before": {words: "auto always avoid"},
	"page-break-after":  {words: "auto always avoid"},
	"page-break-inside": {words: "auto avoid"},
}

const listStyles = "none disc circle square decimal decimal-leading-zero lower-alpha upper-alpha lower-latin upper-latin lower-roman upper-roman lower-greek inside outside"
