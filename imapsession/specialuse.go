package imapsession

import (
	"cmp"
	"slices"
	"strings"
	"sync"
)

// roleByAttribute is RFC 6154, with two names that XLIST had before it.
var roleByAttribute = map[string]Role{
	"\\drafts":  RoleDrafts,
	"\\sent":    RoleSent,
	"\\archive": RoleArchive,
	"\\junk":    RoleJunk,
	"\\spam":    RoleJunk,
	"\\trash":   RoleTrash,
	"\\flagged": RoleFlagged,
	"\\starred": RoleFlagged,
	"\\all":     RoleAll,
	"\\allmail": RoleAll,
}

// namesOfRole are what clients and servers call these mailboxes, in small letters, the likeliest
// first: where several are there, the first of them has the role.
var namesOfRole = map[Role][]string{
	RoleDrafts: {
		"drafts", "draft", "entwürfe", "entwurf", "brouillons", "borradores", "borrador", "bozze", "bozza", "rascunhos", "rascunho",
		"concepten", "utkast", "kladder", "luonnokset", "kopie robocze", "szkice", "koncepty", "rozpracované", "piszkozatok", "черновики", "чернетки",
		"taslaklar", "πρόχειρα", "下書き", "草稿", "草稿箱", "草稿匣", "임시보관함", "임시 보관함", "ciorne", "чернови", "skice", "nacrti", "osnutki", "טיוטות",
		"المسودات", "مسودات", "thư nháp", "draf", "esborranys", "черновик", "mustandid", "juodraščiai", "melnraksti",
	},
	RoleSent: {
		"sent", "sent items", "sent messages", "sent mail", "sent-mail", "sentmail", "gesendet", "gesendete objekte", "gesendete elemente", "gesendete nachrichten",
		"gesendete", "postausgang gesendet", "envoyés", "envoyé", "éléments envoyés", "messages envoyés", "courrier envoyé", "enviados", "elementos enviados", "enviado",
		"mensajes enviados", "posta inviata", "inviata", "inviati", "itens enviados", "mensagens enviadas", "verzonden", "verzonden items", "verzonden objecten",
		"skickat", "skickade", "skickade objekt", "sendt", "sendte", "sendt post", "sendte elementer", "lähetetyt", "lähetetyt viestit", "wysłane", "elementy wysłane",
		"odeslané", "odeslaná pošta", "odoslané", "odoslaná pošta", "elküldött", "elküldött elemek", "отправленные", "отправлено", "исходящие отправленные", "надіслані", "відправлені",
		"gönderilmiş öğeler", "gönderilenler", "gönderilen", "απεσταλμένα", "送信済み", "送信済みメール", "送信済みアイテム", "已发送", "已发送邮件", "已寄出", "寄件備份", "寄件匣",
		"보낸 편지함", "보낸편지함", "보낸 메일함", "trimise", "изпратени", "poslano", "poslane stavke", "poslana pošta", "נשלחו", "דואר יוצא", "المرسلة", "البريد المرسل", "đã gửi",
		"thư đã gửi", "terkirim", "enviats", "saadetud", "išsiųsta", "nosūtītie",
	},
	RoleArchive: {
		"archive", "archives", "archiv", "archivo", "archivos", "archivados", "archivio", "arquivo", "arquivados", "archief", "arkiv", "arkisto", "archiwum", "archív", "archívum",
		"архив", "архів", "arşiv", "αρχείο", "アーカイブ", "归档", "封存", "보관함", "보관", "arhivă", "arhiva", "arhiv", "ארכיון", "الأرشيف", "lưu trữ", "arsip", "arxiu", "arhiiv", "archyvas", "arhīvs",
	},
	RoleJunk: {
		"junk", "spam", "junk e-mail", "junk email", "junk mail", "junk-e-mail", "bulk mail", "bulk", "spamverdacht", "unerwünscht", "unerwünschte werbung", "werbung", "indésirables",
		"courrier indésirable", "pourriel", "correo no deseado", "no deseado", "posta indesiderata", "indesiderata", "lixo eletrônico", "lixo electrónico", "ongewenst", "ongewenste e-mail",
		"ongewenste post", "skräppost", "uønsket post", "uønsket e-post", "søppelpost", "roskaposti", "niechciane", "wiadomości-śmieci", "nevyžádaná pošta", "nevyžiadaná pošta", "levélszemét",
		"спам", "нежелательная почта", "небажана пошта", "önemsiz", "istenmeyen", "gereksiz e-posta", "ανεπιθύμητα", "ανεπιθύμητη αλληλογραφία", "迷惑メール", "垃圾邮件", "垃圾郵件",
		"스팸", "스팸함", "스팸메일함", "정크 메일", "mesaje nedorite", "нежелана поща", "neželjena pošta", "vsiljena pošta", "דואר זבל", "البريد العشوائي", "البريد غير الهام", "thư rác", "correu brossa", "rämpspost", "šlamštas", "mēstules",
	},
	RoleTrash: {
		"trash", "deleted items", "deleted messages", "deleted", "bin", "wastebasket", "papierkorb", "gelöscht", "gelöschte objekte", "gelöschte elemente", "gelöschte nachrichten",
		"corbeille", "éléments supprimés", "messages supprimés", "papelera", "elementos eliminados", "eliminados", "cestino", "posta eliminata", "eliminata", "lixeira", "lixo", "itens excluídos", "itens eliminados",
		"prullenbak", "prullenmand", "verwijderde items", "verwijderd", "papperskorg", "papperskorgen", "borttagna objekt", "borttaget", "papirkurv", "slettet", "slettet post", "slettede elementer", "søppel", "søppelkurv",
		"roskakori", "poistetut", "kosz", "elementy usunięte", "koš", "odstraněná pošta", "kôš", "odstránená pošta", "kuka", "lomtár", "törölt elemek", "корзина", "удаленные", "удалённые", "удаленные элементы",
		"кошик", "видалені", "çöp kutusu", "çöp", "silinmiş öğeler", "silinmiş", "κάδος απορριμμάτων", "κάδος", "διαγραμμένα", "ゴミ箱", "ごみ箱", "削除済みアイテム", "已删除", "已删除邮件", "垃圾箱", "废件箱", "垃圾桶", "刪除的郵件",
		"휴지통", "지운 편지함", "삭제된 항목", "coș de gunoi", "elemente șterse", "кошче", "изтрити", "kanta", "smeće", "otpad", "kôš", "אשפה", "פריטים שנמחקו", "المهملات", "سلة المهملات", "thùng rác", "sampah", "tempat sampah", "paperera", "prügikast", "šiukšliadėžė", "miskaste",
	},
}

// knownName is a name's place in namesOfRole.
type knownName struct {
	role Role
	rank int
}

// roleOfName is namesOfRole turned round.
var roleOfName = sync.OnceValue(func() map[string]knownName {
	known := make(map[string]knownName)
	for role, names := range namesOfRole {
		for rank, name := range slices.Backward(names) {
			known[name] = knownName{role, rank}
		}
	}
	return known
})

// candidate is a claim on a role by name.
type candidate struct{ rank, index int }

// assignRoles gives each role to at most one mailbox: by attribute first, the personal namespaces alone;
// what no attribute names, by a known name at the top of the first personal
// namespace or just beneath INBOX. attributes stands beside list.
func assignRoles(list []Mailbox, attributes [][]string) {
	taken := make(map[Role]bool)
	for i := range list {
		m := &list[i]
		if strings.EqualFold(m.Name, "INBOX") {
			m.Role = RoleInbox
			continue
		}
		if m.Namespace != NamespacePersonal || m.NoSelect {
			continue
		}
		for _, a := range attributes[i] {
			if role, ok := roleByAttribute[strings.ToLower(a)]; ok && !taken[role] {
				m.Role = role
				taken[role] = true
				break
			}
		}
	}

	claims := make(map[Role][]candidate)
	for i := range list {
		m := &list[i]
		if m.Role != RoleNone || m.NoSelect || !prominent(m) {
			continue
		}
		if known, ok := roleOfName()[strings.ToLower(m.Path[len(m.Path)-1])]; ok && !taken[known.role] {
			claims[known.role] = append(claims[known.role], candidate{known.rank, i})
		}
	}
	for role, of := range claims {
		first := slices.MinFunc(of, func(a, b candidate) int {
			return cmp.Or(a.rank-b.rank, a.index-b.index)
		})
		list[first.index].Role = role
	}
}

// prominent tells whether a name alone can make m special: "Projects/Old/Sent" is somebody's own affair.
func prominent(m *Mailbox) bool {
	if m.Namespace != NamespacePersonal {
		return false
	}
	return len(m.Path) == 1 || len(m.Path) == 2 && strings.EqualFold(m.Path[0], "INBOX")
}
