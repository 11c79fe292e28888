package demo

import "encoding/binary"

// TNEF attributes (MS-OXTNEF section 2.1.3.2), level of the message and of an attachment.
const (
	tnefSignature    = 0x223E9F78
	tnefOfMessage    = 1
	tnefOfAttachment = 2

	attTnefVersion    = 0x00089006
	attOemCodepage    = 0x00069007
	attMessageClass   = 0x00078008
	attSubject        = 0x00018004
	attBody           = 0x0002800C
	attAttachRendData = 0x00069002
	attAttachTitle    = 0x00018010
	attAttachData     = 0x0006800F
)

// winmail is what Outlook makes of a message with two files for those whom it takes for Outlook too.
func winmail() []byte {
	b := binary.LittleEndian.AppendUint32(nil, tnefSignature)
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = tnefAttribute(b, tnefOfMessage, attTnefVersion, []byte{0, 0, 1, 0})
	b = tnefAttribute(b, tnefOfMessage, attOemCodepage, []byte{0xe4, 0x04, 0, 0, 0, 0, 0, 0}) // windows-1252
	b = tnefAttribute(b, tnefOfMessage, attMessageClass, []byte("IPM.Microsoft Mail.Note\x00"))
	b = tnefAttribute(b, tnefOfMessage, attSubject, []byte("Key for the harbour gate\x00"))
	b = tnefAttribute(b, tnefOfMessage, attBody, []byte("Please find the form and the plan attached.\r\n\x00"))
	b = tnefFile(b, "Gate key form.pdf", permitPDF())
	return tnefFile(b, "Quay plan.png", pngOf(chart()))
}

func tnefFile(b []byte, name string, data []byte) []byte {
	rendering := []byte{1, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0} // a file, nowhere in the text
	b = tnefAttribute(b, tnefOfAttachment, attAttachRendData, rendering)
	b = tnefAttribute(b, tnefOfAttachment, attAttachTitle, append([]byte(name), 0))
	return tnefAttribute(b, tnefOfAttachment, attAttachData, data)
}

func tnefAttribute(b []byte, level byte, id uint32, data []byte) []byte {
	b = append(b, level)
	b = binary.LittleEndian.AppendUint32(b, id)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	b = append(b, data...)
	sum := uint16(0)
	for _, c := range data {
		sum += uint16(c)
	}
	return binary.LittleEndian.AppendUint16(b, sum)
}
