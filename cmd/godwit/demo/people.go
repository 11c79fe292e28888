package demo

import (
	"mime"
	"net/mail"
	"strings"
)

// people are those who write often, by the short names that the scripts use.
var people = map[string]string{
	"me":        "Mara Lindqvist <demo@godwit.example>",
	"ines":      "Ines Caldeira <ines@kelling-reserve.example>",
	"tomasz":    "Tomasz Wrona <tomasz@kelling-reserve.example>",
	"jonah":     "Jonah Achterberg <j.achterberg@harbour-office.example>",
	"priya":     "Priya Raman <priya@tidewater.example>",
	"siobhan":   "Siobhán Keane <siobhan@tidewater.example>",
	"nikhil":    "Nikhil Deshmukh <nikhil@tidewater.example>",
	"yuki":      "森本 由紀 <morimoto@higata-kenkyu.example>",
	"omar":      "عمر الحداد <omar@gulf-of-birds.example>",
	"claire":    "Claire Fontenay <claire@atelier-fontenay.example>",
	"pascale":   "Pascale Koné <pascale@tidewater.example>",
	"alexei":    "Алексей Громов <gromov@belomorye.example>",
	"grandma":   "Farmor Ulla <ulla@lindqvist-family.example>",
	"erik":      "Erik Lindqvist <erik@lindqvist-family.example>",
	"anneke":    "Anneke de Wit <anneke@wadden-trust.example>",
	"harrier":   "Harrier Shipping <updates@harrier-shipping.example>",
	"northline": "Northline Hosting <billing@northline-hosting.example>",
	"estuary":   "Estuary Weekly <letters@estuary-weekly.example>",
	"library":   "Borough Library <desk@borough-library.example>",
	"fieldbook": "Fieldbook Sync <noreply@fieldbook.example>",
	"list":      "Wader Watchers <wader-watchers@lists.shorebirds.example>",
	"optics":    "Marsh & Heron Optics <orders@marsh-heron.example>",
	"rail":      "Coastline Rail <tickets@coastline-rail.example>",
}

// expandPeople replaces short names in an address list.
func expandPeople(list string) string {
	var out []string
	for _, one := range strings.Split(list, ", ") {
		if full := people[one]; full != "" {
			one = full
		}
		out = append(out, one)
	}
	return strings.Join(out, ", ")
}

// encodeAddresses writes an address list as a header wants it. What is no list, such as a group, stays as it is.
func encodeAddresses(list string) string {
	all, err := mail.ParseAddressList(list)
	if err != nil || len(all) == 0 {
		return mime.QEncoding.Encode("utf-8", list)
	}
	var out []string
	for _, a := range all {
		out = append(out, a.String())
	}
	return strings.Join(out, ",\r\n ")
}

// mailHost is the domain of a sender.
func mailHost(from string) string {
	if a, err := mail.ParseAddress(from); err == nil {
		if _, host, ok := strings.Cut(a.Address, "@"); ok {
			return host
		}
	}
	return domain
}
