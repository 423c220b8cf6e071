package nodes

import "net/http"

func newAPI(n *node) http.Handler { return http.NotFoundHandler() }
