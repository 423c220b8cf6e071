package style

import (
	"go/ast"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestDocCommentsHaveGosForm wants the doc comment of each function, exported or not, to begin with its name, and that
// of a function which returns a truth value with "X reports whether".
func TestDocCommentsHaveGosForm(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.test {
			continue
		}
		for _, declaration := range f.syntax.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || function.Doc == nil {
				continue
			}
			begin := function.Name.Name + " "
			if isQuestion(function) {
				begin += "reports "
			}
			assert.True(t, strings.HasPrefix(function.Doc.Text(), begin), "%s:%d: the comment begins with %q", f.path,
				f.line(function), begin)
		}
	}
}

// isQuestion reports whether the function returns a truth value and nothing else.
func isQuestion(function *ast.FuncDecl) bool {
	results := function.Type.Results
	if results == nil || len(results.List) != 1 || len(results.List[0].Names) > 1 {
		return false
	}
	kind, ok := results.List[0].Type.(*ast.Ident)
	return ok && kind.Name == "bool"
}
